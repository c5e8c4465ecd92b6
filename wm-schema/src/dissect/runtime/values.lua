
-- ── Faults ────────────────────────────────────────────────────────────────────────────────────────────────────────

-- Stops the reading of a frame: a field, where in the frame, the kind of fault as `recover` knows it, and why.
local function refuse(place, at, kind, why, ...)
  error({ owner = place.owner, field = place.name, at = at, kind = kind, why = why:format(...) }, 0)
end

-- Stops it because more bytes must arrive: so many at the least, or exactly so many.
local function need(least, exact)
  error({ need = math.max(1, least), exact = exact }, 0)
end

local function shown(number)
  return number % 1 == 0 and ("%.0f"):format(number) or tostring(number)
end

local function quoted(bytes)
  return '"' .. bytes:gsub("[^ -~]", function(byte) return ("\\x%02x"):format(byte:byte()) end) .. '"'
end

-- Where bytes are first other than a constant; nil if they are the same, as far as there are any.
local function stray(found, constant, nocase)
  if nocase then found, constant = found:lower(), constant:lower() end
  for at = 1, math.min(#found, #constant) do
    if found:byte(at) ~= constant:byte(at) then return at end
  end
  return nil
end

-- What a number of units of its own says; rounded down, and nil where it says no whole one.
local function units(how, number)
  if how.over then return number * how.over end
  return how.times and math.floor(number / how.times) or number
end

local function whole_units(how, number)
  return (not how.times or number % how.times == 0) and units(how, number) or nil
end

-- ── Arithmetic of conditions: whole numbers within 2^53 ───────────────────────────────────────────────────────────

-- Lua has operators for bits only since 5.3.
local native = not bit and not bit32 and load("return function(a, b) return a ~ b end, function(a, b) return a & b end")
local xor32, and32
if native then
  xor32, and32 = native()
else
  xor32, and32 = (bit or bit32).bxor, (bit or bit32).band
end

local HALF = 2 ^ 32

local function low(number) return number % HALF end
local function high(number) return math.floor(number / HALF) end

local function bxor32(a, b) return xor32(a, b) % HALF end
local function bxor(a, b) return bxor32(high(a), high(b)) * HALF + bxor32(low(a), low(b)) end
local function band(a, b) return (and32(high(a), high(b)) % HALF) * HALF + and32(low(a), low(b)) % HALF end
local function bor(a, b) return a + b - band(a, b) end
local function remainder(a, b) return math.fmod(a, b) end
local function quotient(a, b) return (a - math.fmod(a, b)) / b end
local function length(value) return type(value) == "string" and #value or value.length or value.n end
local function within(number, least, most) return number >= least and number <= most end

-- ── Numbers ───────────────────────────────────────────────────────────────────────────────────────────────────────
-- A number is read as what conditions see, which is rounded over 2^53; what Wireshark shows, which is exact; its bytes.

-- The decimal digits of a number of any width.
local function decimal(bytes, signed)
  local negative = signed and bytes[1] >= 128
  if negative then
    local carry = 1
    for at = #bytes, 1, -1 do
      local byte = 255 - bytes[at] + carry
      bytes[at], carry = byte % 256, byte >= 256 and 1 or 0
    end
  end
  local parts, value = { 0 }, 0
  for _, byte in ipairs(bytes) do
    value = value * 256 + byte
    local carry = byte
    for part = 1, #parts do
      local more = parts[part] * 256 + carry
      parts[part], carry = more % 1e7, math.floor(more / 1e7)
    end
    if carry > 0 then parts[#parts + 1] = carry end
  end
  local text = ("%d"):format(parts[#parts])
  for part = #parts - 1, 1, -1 do text = text .. ("%07d"):format(parts[part]) end
  if negative then return -value, "-" .. text end
  return value, text
end

local function fixed(tvb, at, int)
  local range = tvb(at, int.bytes)
  if int.bytes == 16 then
    local bytes = { tvb:raw(at, 16):byte(1, 16) }
    if int.little then
      for left = 1, 8 do bytes[left], bytes[17 - left] = bytes[17 - left], bytes[left] end
    end
    local value, text = decimal(bytes, int.signed)
    return value, text, 16
  end
  local read = (int.little and "le_" or "") .. (int.signed and "int" or "uint") .. (int.bytes > 4 and "64" or "")
  local value = range[read](range)
  return int.bytes > 4 and value:tonumber() or value, value, int.bytes
end

-- Exact numbers from digits.
local function exact(digits, radix, negative)
  local value = negative and Int64.new(0) or UInt64.new(0)
  for digit in digits:gmatch(".") do
    value = value * radix
    value = negative and value - tonumber(digit, radix) or value + tonumber(digit, radix)
  end
  return value
end

local MOST = { [10] = "18446744073709551615", [16] = "ffffffffffffffff" }

local function is_digit(byte, radix)
  return tonumber(byte, radix) ~= nil and byte:match("^%w$") ~= nil
end

local function padded(digits, radix, at, place)
  local most = MOST[radix]
  for index = 1, #digits do
    local digit = digits:sub(index, index)
    if not is_digit(digit, radix) then
      refuse(place, at + index - 1, "bad_number", "'%s' is no %s digit", quoted(digit):sub(2, -2), radix == 16 and "hexadecimal" or "decimal")
    end
    local so_far = digits:sub(1, index):gsub("^0+", ""):lower()
    if #so_far > #most or #so_far == #most and so_far > most then
      refuse(place, at + index - 1, "bad_number", "a number that does not fit its type")
    end
  end
  return tonumber(digits, radix)
end

local function unpadded(digits, radix, at, place)
  if digits == "" then refuse(place, at, "bad_number", "a number without digits") end
  if digits:sub(1, 1) == "0" and #digits > 1 and is_digit(digits:sub(2, 2), radix) then
    refuse(place, at, "bad_number", "a number written longer than it needs to be")
  end
  return padded(digits, radix, at, place)
end

local function negatable(digits, at, place)
  local magnitude = digits:match("^%-(.*)$")
  local value = unpadded(magnitude or digits, 10, magnitude and at + 1 or at, place)
  if magnitude and value == 0 then refuse(place, at, "bad_number", "a number written longer than it needs to be") end
  local most = magnitude and "9223372036854775808" or "9223372036854775807"
  local text = magnitude or digits
  if #text > #most or #text == #most and text > most then
    refuse(place, at, "bad_number", "a number that does not fit its type")
  end
  return magnitude and -value or value
end

local function varint(tvb, at, stop, int, place)
  local value, digits, index = 0, UInt64.new(0), 0
  while at + index < stop do
    local byte = tvb(at + index, 1):uint()
    if index == 9 and byte > 1 then refuse(place, at + index, "bad_number", "a number that does not fit its type") end
    if byte == 0 and index > 0 then
      refuse(place, at + index, "bad_number", "a number written longer than it needs to be")
    end
    value = value + (byte % 128) * 2 ^ (7 * index)
    digits = digits + UInt64.new(byte % 128):lshift(7 * index)
    index = index + 1
    if byte < 128 then
      if not int.signed then return value, digits, index end
      local half, odd = digits:rshift(1), byte and digits:band(1):tonumber() == 1
      local exactly = Int64.new(half:lower(), half:higher())
      if odd then exactly = -exactly - 1 end
      return odd and -math.floor(value / 2) - 1 or value / 2, exactly, index
    end
  end
  return nil
end

-- Seven bits a byte, the highest first.
local function vlq(tvb, at, stop, int, place)
  local value, digits = 0, UInt64.new(0)
  for index = 0, stop - at - 1 do
    local byte = tvb(at + index, 1):uint()
    if index == 0 and int.minimal and byte == 0x80 then
      refuse(place, at, "bad_number", "a number written longer than it needs to be")
    end
    -- Nine bytes are 63 bits; the tenth has room for one more.
    if index == 9 and (byte >= 128 or tvb(at, 1):uint() % 128 > 1) then
      refuse(place, at + index, "bad_number", "a number that does not fit its type")
    end
    value = value * 128 + byte % 128
    digits = digits:lshift(7):bor(UInt64.new(byte % 128))
    if byte < 128 then return value, digits, index + 1 end
  end
  return nil
end

-- Two bits say how many bytes there are (RFC 9000, 16).
local function quic(tvb, at, stop, int, place)
  if at >= stop then return nil end
  local width = 2 ^ math.floor(tvb(at, 1):uint() / 64)
  if stop - at < width then return nil end
  local exactly = tvb(at, width):uint64()
  local ones = { [1] = 0x3f, [2] = 0x3fff, [4] = 0x3fffffff, [8] = 0xffffffff }
  exactly = exactly:band(UInt64.new(ones[width], width == 8 and 0x3fffffff or 0))
  local value = exactly:tonumber()
  if int.minimal and width > 1 and value < 2 ^ (4 * width - 2) then
    refuse(place, at, "bad_number", "a number written longer than it needs to be")
  end
  return value, exactly, width
end

-- Where the first delimiter begins, and how many bytes it has.
local function find(tvb, at, stop, ends)
  if at >= stop then return nil end
  local text, first, length = tvb:raw(at, stop - at)
  for _, one in ipairs(ends) do
    local found = text:find(one, 1, true)
    if found and (not first or found < first) then first, length = found, #one end
  end
  return first and at + first - 1, length
end

local function longest(ends)
  local bytes = 0
  for _, one in ipairs(ends) do bytes = math.max(bytes, #one) end
  return bytes
end

local function shortest(ends)
  local bytes = #ends[1]
  for _, one in ipairs(ends) do bytes = math.min(bytes, #one) end
  return bytes
end

-- What follows the base of an integer that escapes; nil if it has not arrived.
local function escaped(int, base, tvb, at, stop, offset, place)
  local shorter = int.direct
  for _, escape in ipairs(int.escapes) do
    if escape.mark == base then
      if stop - at < escape.bytes then return nil end
      local value, _, width = fixed(tvb, at, escape)
      local exactly = escape.little and tvb(at, width):le_uint64() or tvb(at, width):uint64()
      if int.minimal and value <= shorter then
        refuse(place, offset, "bad_number", "a number written longer than it needs to be")
      end
      return value, exactly, width
    end
    shorter = math.max(int.direct, 2 ^ (8 * escape.bytes) - 1)
  end
  if base > int.direct then
    refuse(place, offset, "bad_number", "%s is no value and no escape of the integer", shown(base))
  end
  return base, UInt64.new(low(base), high(base)), 0
end

-- Reads a number; nil if it has not arrived whole in front of `stop`.
local function read_number(int, tvb, at, stop, place)
  if int.kind == "fixed" then
    if stop - at < int.bytes then return nil end
    return fixed(tvb, at, int)
  elseif int.kind == "varint" then
    return varint(tvb, at, stop, int, place)
  elseif int.kind == "vlq" then
    return vlq(tvb, at, stop, int, place)
  elseif int.kind == "quic" then
    return quic(tvb, at, stop, int, place)
  elseif int.kind == "digits" then
    if stop - at < int.digits then return nil end
    local text = tvb:raw(at, int.digits)
    return padded(text, int.radix, at, place), exact(text, int.radix), int.digits
  elseif int.kind == "until" then
    local last, length = find(tvb, at, stop, int.ends)
    if not last then return nil end
    if last - at > int.max then
      refuse(place, at + int.max, "bad_length", "%d is over the limit of %d", last - at, int.max)
    end
    local text = last > at and tvb:raw(at, last - at) or ""
    local value = int.signed and negatable(text, at, place) or unpadded(text, int.radix, at, place)
    local exactly = text:match("^%-") and exact(text:sub(2), 10, true) or exact(text, int.radix)
    if int.signed and not text:match("^%-") then exactly = Int64.new(exactly:lower(), exactly:higher()) end
    return value, exactly, last - at + length
  elseif int.kind == "escaping" then
    local base, _, width = read_number(int.base, tvb, at, stop, place)
    if not base then return nil end
    local value, exactly, wide = escaped(int, base, tvb, at + width, stop, at, place)
    if not value then return nil end
    return value, exactly, width + wide
  end
end

-- The same of a number that frames: what has arrived of it must be the start of a number.
local function arriving(int, tvb, at, stop, place)
  if int.kind ~= "until" or int.signed then return read_number(int, tvb, at, stop, place) end
  local window = math.min(stop, at + int.max + longest(int.ends))
  local last = find(tvb, at, window, int.ends)
  if last and last - at <= int.max then return read_number(int, tvb, at, window, place) end
  local text = window > at and tvb:raw(at, window - at) or ""
  local all = 0
  while all < #text and is_digit(text:sub(all + 1, all + 1), int.radix) do all = all + 1 end
  local digits = math.min(all, int.max)
  if digits > 0 then unpadded(text:sub(1, digits), int.radix, at, place) end
  local behind = text:sub(digits + 1)
  for _, one in ipairs(int.ends) do
    if one:sub(1, #behind) == behind then return nil end
  end
  if all > digits then refuse(place, at + digits, "bad_length", "%d is over the limit of %d", all, int.max) end
  refuse(place, at + digits, "bad_number", "'%s' is no digit", quoted(behind:sub(1, 1)):sub(2, -2))
end

-- The bits of a field in a run of `bytes` bytes that starts at `at`: what conditions see, and exactly.
local function read_bits(place, tvb, at)
  local run = tvb(at, place.bytes)
  local number = place.little and run:le_uint64() or run:uint64()
  local ones = place.width >= 32 and HALF - 1 or 2 ^ place.width - 1
  local more = place.width > 32 and 2 ^ (place.width - 32) - 1 or 0
  local found = number:rshift(place.shift):band(UInt64.new(ones, more))
  return found:tonumber(), found
end

-- ── Text ──────────────────────────────────────────────────────────────────────────────────────────────────────────

-- How many bytes are UTF-8; nil if all are.
local function not_utf8(text)
  local at, size = 1, #text
  while at <= size do
    local first = text:byte(at)
    local more, least, most = 0, 0x80, 0xbf
    if first < 0x80 then
      at = at + 1
    else
      if first >= 0xc2 and first <= 0xdf then
        more = 1
      elseif first >= 0xe0 and first <= 0xef then
        more = 2
        if first == 0xe0 then least = 0xa0 elseif first == 0xed then most = 0x9f end
      elseif first >= 0xf0 and first <= 0xf4 then
        more = 3
        if first == 0xf0 then least = 0x90 elseif first == 0xf4 then most = 0x8f end
      else
        return at - 1
      end
      for behind = 1, more do
        local byte = text:byte(at + behind)
        if not byte or byte < least or byte > most then return at - 1 end
        least, most = 0x80, 0xbf
      end
      at = at + more + 1
    end
  end
  return nil
end

-- ── Transforms ────────────────────────────────────────────────────────────────────────────────────────────────────

local DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

local undo = {}

function undo.xor(text, key)
  if key == "" then return text end
  local plain = {}
  for at = 1, #text do
    plain[at] = string.char(bxor32(text:byte(at), key:byte((at - 1) % #key + 1)))
  end
  return table.concat(plain)
end

function undo.hex(text)
  if #text % 2 == 1 or text:match("%X") then return nil, "no hexadecimal digits in pairs" end
  return (text:gsub("%x%x", function(pair) return string.char(tonumber(pair, 16)) end))
end

function undo.base64(text)
  local plain, size = {}, #text
  for at = 1, size, 4 do
    local group = text:sub(at, at + 3)
    local pads = #group:match("=*$")
    if #group < 4 or pads > 2 or pads > 0 and at + 4 <= size then return nil, "not base64" end
    local bits = 0
    for place = 1, 4 do
      local digit = place > 4 - pads and 1 or DIGITS:find(group:sub(place, place), 1, true)
      if not digit then return nil, "not base64" end
      bits = bits * 64 + digit - 1
    end
    if bits % 256 ^ pads ~= 0 then return nil, "not base64" end
    local three = string.char(math.floor(bits / 65536), math.floor(bits / 256) % 256, bits % 256)
    plain[#plain + 1] = three:sub(1, 3 - pads)
  end
  return table.concat(plain)
end

-- ── Checksums of up to 32 bits ────────────────────────────────────────────────────────────────────────────────────

local function reversed(number, width)
  local turned = 0
  for _ = 1, width do
    turned, number = turned * 2 + number % 2, math.floor(number / 2)
  end
  return turned
end

local checksum = {}

function checksum.crc(how, text)
  local register, top, all = how.start, 2 ^ (how.width - 1), 2 ^ how.width
  for at = 1, #text do
    local byte = text:byte(at)
    if how.reflected_in then byte = reversed(byte, 8) end
    register = bxor32(register, byte * 2 ^ (how.width - 8))
    for _ = 1, 8 do
      local out = register >= top
      register = register * 2 % all
      if out then register = bxor32(register, how.polynomial) end
    end
  end
  if how.reflected_out then register = reversed(register, how.width) end
  return bxor32(register, how.finish)
end

function checksum.sum(how, text)
  local sum = 0
  for at = 1, #text do sum = (sum + text:byte(at)) % 2 ^ how.width end
  return sum
end

function checksum.xor(_, text)
  local all = 0
  for at = 1, #text do all = bxor32(all, text:byte(at)) end
  return all
end

function checksum.adler(_, text)
  local one, two = 1, 0
  for at = 1, #text do
    one = (one + text:byte(at)) % 65521
    two = (two + one) % 65521
  end
  return two * 65536 + one
end

function checksum.internet(_, text)
  local sum = 0
  for at = 1, #text, 2 do
    sum = sum + text:byte(at) * 256 + (text:byte(at + 1) or 0)
    if sum > 0xffff then sum = sum - 0xffff end
  end
  return 0xffff - sum
end
