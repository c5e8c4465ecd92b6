
-- ── A frame, field by field ───────────────────────────────────────────────────────────────────────────────────────
-- A cursor is how far a region has been read. Offsets count from the start of the frame in every region. What formulas
-- see of a field: a number, a boolean, the bytes of text, the fields of a struct by their places, the elements of a list.

local function raw(c, at, length)
  return length > 0 and c.tvb:raw(at, length) or ""
end

local function take(c, length, place)
  local at = c.at
  if at + length > c.stop then
    refuse(place, c.stop, "bad_length", "the bytes end here, %s more are needed", shown(at + length - c.stop))
  end
  c.at = at + length
  return at
end

local function region(c, length, place)
  local at = take(c, length, place)
  local trail = { hops = c.hops, before = c.before, elsewhere = c.elsewhere, pointed = c.pointed }
  trail.tvb, trail.at, trail.stop, trail.depth = c.tvb, at, c.at, c.depth
  return trail
end

local function rest(c, tail, place)
  local left = c.stop - c.at
  if left < tail then
    refuse(place, c.stop, "bad_length", "the bytes end here, %s more are needed", shown(tail - left))
  end
  return region(c, left - tail, place)
end

local function number(c, int, place)
  local at = c.at
  local value, exactly, width = read_number(int, c.tvb, at, c.stop, place)
  if not value then
    local needed = int.width and int.width - (c.stop - at) or 1
    refuse(place, c.stop, "bad_length", "the bytes end here, %s more are needed", shown(needed))
  end
  c.at = at + width
  return value, exactly
end

-- The rules that a number keeps by itself: the range of `in`, and the most of what it measures.
local function number_rules(field, value, at)
  if field.least and not within(value, field.least, field.most) then
    refuse(field, at, "bad_value", "%s is not in %s..=%s", shown(value), shown(field.least), shown(field.most))
  end
  if not field.said_least or value == field.absent then return end
  local said = whole_units(field, value)
  if not said then
    refuse(field, at, "bad_length", "%s says no whole units of %s", shown(value), shown(field.times))
  end
  if said < field.said_least then
    refuse(field, at, "bad_length", "%s is too short, it must be at least %s", shown(value), shown(field.said_least))
  end
  if field.said_most and said > field.said_most then
    refuse(field, at, "bad_length", "%s is over the limit of %s", shown(value), shown(field.said_most))
  end
end

local function show_number(tree, field, c, at, length, value, exactly)
  if type(value) == "boolean" then exactly = value end
  local item = tree:add(field.show, c.tvb(at, length), exactly)
  if field.type.kind == "enum" and not field.type.enum.named then
    item:append_text((" (%s)"):format(field.type.enum.name_of(value)))
  end
end

local function known_variant(enum, value, at, place)
  if enum.open then return end
  for _, one in ipairs(enum.variants) do
    if within(value, one[1], one[2]) then return end
  end
  refuse(place, at, "bad_value", "%s is no variant of the enum", shown(value))
end

local function read_single(ty, place, c, tree, show)
  local at = c.at
  if ty.kind == "int" then
    local value, exactly = number(c, ty.int, place)
    if ty.least and not within(value, ty.least, ty.most) then
      refuse(place, at, "bad_value", "%s is not in %s..=%s", shown(value), shown(ty.least), shown(ty.most))
    end
    tree:add(show, c.tvb(at, c.at - at), exactly)
    return value
  elseif ty.kind == "float" then
    take(c, ty.bytes, place)
    local range = c.tvb(at, ty.bytes)
    local value = ty.little and range:le_float() or not ty.little and range:float()
    tree:add(show, range, value)
    return value
  elseif ty.kind == "enum" then
    local value, exactly = number(c, ty.enum.int, place)
    known_variant(ty.enum, value, at, place)
    show_number(tree, { show = show, type = ty }, c, at, c.at - at, value, exactly)
    return value
  end
end

-- What bytes mean: text is UTF-8 or ASCII, a word is one of those that the schema names.
local function meaning(ty, text, at, place)
  if ty.content == "str" or ty.content == "json" then
    local wrong = not_utf8(text)
    if wrong then refuse(place, at + wrong, "bad_text", "not UTF-8") end
  elseif ty.content == "ascii" then
    local wrong = text:find("[\x80-\xff]")
    if wrong then refuse(place, at + wrong - 1, "bad_text", "byte 0x%02x is not ASCII", text:byte(wrong)) end
  elseif ty.content == "word" then
    for _, word in ipairs(ty.words.words) do
      if word == text or ty.words.nocase and word:lower() == text:lower() then return word end
    end
    if not ty.words.open then
      refuse(place, at, "bad_value", "no word of %s", table.concat(ty.words.words, ", "))
    end
  end
  return text
end

local function show_bytes(ty, field, c, at, length, text, tree)
  local show = field.show
  if ty.via then
    if #text == 0 then return tree:add(show, c.tvb(at, 0)) end
    local plain = ByteArray.new(text, true):tvb(("%s without %s"):format(field.name, ty.via))
    c = { tvb = plain }
    at, length = 0, plain:len()
  end
  if ty.content == "bytes" then
    tree:add(show, c.tvb(at, length))
  else
    tree:add_packet_field(show, c.tvb(at, length), ENC_UTF_8)
  end
end

-- Bytes whose end their extent says, or `length`.
local function read_bytes(ty, field, c, tree, length, key)
  local at, content = c.at
  if ty.extent == "until" then
    local last, length = find(c.tvb, at, c.stop, ty.ends)
    if not last then refuse(field, c.stop, "bad_length", "the bytes end here, 1 more are needed") end
    content = last - at
    if content > ty.max then
      refuse(field, at + ty.max, "bad_length", "%s is over the limit of %s", shown(content), shown(ty.max))
    end
    c.at = last + length
  elseif ty.extent == "rest" then
    local inner = rest(c, ty.tail, field)
    content = inner.stop - inner.at
    if content > ty.max then
      refuse(field, at + ty.max, "bad_length", "%s is over the limit of %s", shown(content), shown(ty.max))
    end
  else
    take(c, length, field)
    content = length
  end
  local text = raw(c, at, content)
  if ty.trim and text:sub(-#ty.trim) == ty.trim then text = text:sub(1, -#ty.trim - 1) end
  if ty.pad then
    while text:sub(-1) == ty.pad do text = text:sub(1, -2) end
  end
  content = #text
  if ty.content == "word" and text == "" then
    refuse(field, at, "bad_length", "0 is too short, it must be at least 1")
  end
  if ty.within then
    for place = 1, #text do
      local byte = text:byte(place)
      if not within(byte, ty.within[1], ty.within[2]) then
        refuse(field, at + place - 1, "bad_value", "%d is not in %d..=%d", byte, ty.within[1], ty.within[2])
      end
    end
  end
  if ty.via then
    local plain, why = undo[ty.via](text, key)
    if not plain then refuse(field, at, "bad_text", why) end
    text = plain
  end
  local value = meaning(ty, text, at, field)
  show_bytes(ty, field, c, at, content, text, tree)
  return value
end

local read_layout

local function add_group(tree, show, c, text)
  local item = tree:add(show, c.tvb(c.at, 0))
  item:set_text(text)
  return item
end

-- An element, which is handed values, and uses up the bytes that are said of it.
local function read_element(list, field, c, tree, index, handed, each)
  local ty = list.element
  if each then
    if each == 0 then refuse(field, c.at, "bad_length", "0 is too short, it must be at least 1") end
    local inner = region(c, each, field)
    local value = read_element(list, field, inner, tree, index, handed)
    if inner.at < inner.stop then
      refuse(field, inner.at, "bad_length", "%s bytes too many", shown(inner.stop - inner.at))
    end
    return value
  end
  if ty.kind ~= "struct" then return read_single(ty, field, c, tree, field.item) end
  local at = c.at
  local item = add_group(tree, field.item, c, ("[%d]: %s"):format(index, ty.of))
  local value = read_layout(layouts[ty.of], handed, c, item)
  item:set_len(c.at - at)
  return value
end

local function read_list(list, field, c, tree, length, handed, each)
  local items, inner = { n = 0 }, c
  if list.extent == "rest" then inner = rest(c, list.tail, field) end
  local function full()
    if list.extent == "rest" then return inner.at >= inner.stop end
    return length ~= nil and items.n >= length
  end
  while not full() do
    if not length and list.max and items.n >= list.max then
      refuse(field, inner.at, "bad_length", "%s is over the limit of %s", shown(list.max + 1), shown(list.max))
    end
    local item = read_element(list, field, inner, tree, items.n, handed, each)
    items.n = items.n + 1
    items[items.n] = item
    if list.extent == "where" and list.last(item) then break end
  end
  return items
end

-- ── Headers ───────────────────────────────────────────────────────────────────────────────────────────────────────

local LINES_MAX = 128

local function is_token(byte)
  return byte:match("^[%w!#$%%&'*+%-.^_`|~]$") ~= nil
end

local function header_line(line, at, place)
  local last = 1
  while last <= #line and is_token(line:sub(last, last)) do last = last + 1 end
  if last > #line then refuse(place, at + #line, "bad_text", "a header line without a colon") end
  local stop = line:sub(last, last)
  if stop ~= ":" then
    local blank = stop == " " or stop == "\t"
    if last == 1 and blank then refuse(place, at, "bad_text", "a header line that starts with a blank") end
    if blank and line:sub(last):match("^[ \t\n\f\r]*:") then
      refuse(place, at + last - 1, "bad_text", "a blank between the name of a header and its colon")
    end
    refuse(place, at + last - 1, "bad_text", "a character that no header name has")
  end
  if last == 1 then refuse(place, at, "bad_text", "a header without a name") end
  local value = line:sub(last + 1)
  local control = value:find("[%z\1-\8\10-\31\127]")
  if control then refuse(place, at + last + control - 1, "bad_text", "a control character in the value of a header") end
  local wrong = not_utf8(value)
  if wrong then refuse(place, at + last + wrong, "bad_text", "not UTF-8") end
  local blanks = #value:match("^[ \t]*")
  return { name = line:sub(1, last - 1), value = value:match("^[ \t]*(.-)[ \t]*$"), at = at, value_at = at + last + blanks }
end

-- The lines of a block and their bytes without the empty line; nil and how many bytes are lines if it has not arrived.
local function header_block(tvb, at, stop, max, place)
  local window = math.min(stop, at + max + 2)
  local text = window > at and tvb:raw(at, window - at) or ""
  local lines, start = {}, 1
  while true do
    local last = text:find("\n", start, true)
    if not last then break end
    local line = text:sub(start, last - 1)
    if line:sub(-1) ~= "\r" then
      refuse(place, at + last - 1, "bad_text", "a header line that ends without CR")
    end
    if line == "\r" then
      if #lines > LINES_MAX then
        refuse(place, lines[LINES_MAX + 1].at, "bad_length", "%d is over the limit of %d", LINES_MAX + 1, LINES_MAX)
      end
      return lines, start - 1
    end
    lines[#lines + 1] = header_line(line:sub(1, -2), at + start - 1, place)
    start = last + 1
  end
  if window - at == max + 2 then
    refuse(place, at + max, "bad_length", "%s is over the limit of %s", shown(stop - at), shown(max))
  end
  return nil, #text - (text:sub(start) == "\r" and 1 or 0)
end

local function single_header(lines, name, place)
  local found
  for _, line in ipairs(lines) do
    if line.name:lower() == name:lower() then
      if found then refuse(place, line.at, "bad_text", "a header that must stand once stands twice") end
      found = line
    end
  end
  return found
end

local function header_number(lines, name, max, place)
  local line = single_header(lines, name, place)
  if not line then return 0 end
  local value = unpadded(line.value, 10, line.value_at, place)
  if value > max then
    refuse(place, line.value_at, "bad_length", "%s is over the limit of %s", shown(value), shown(max))
  end
  return value
end

-- What headers say of what they frame: its arm, and its length.
local function headers_say(lines, framed, place)
  if framed.length then return nil, header_number(lines, framed.length, framed.max, place) end
  local line, arm = single_header(lines, framed.chooses, place), framed.absent
  if line then
    arm = framed.words[line.value:lower()]
    if not arm then refuse(place, line.value_at, "bad_value", "no word of those that the schema names") end
  end
  local own = framed.arms[arm]
  for _, other in ipairs(framed.lengths) do
    local overruled = other ~= own.length and single_header(lines, other, place)
    if overruled then
      refuse(place, overruled.value_at, "bad_text", "a length that another header overrules")
    end
  end
  return arm, own.length and header_number(lines, own.length, own.max, place)
end

local function read_headers(r, field, c, tree)
  local lines, length = header_block(c.tvb, c.at, c.stop, field.type.max, field)
  if not lines then refuse(field, c.stop, "bad_length", "the bytes end here, 1 more are needed") end
  for _, line in ipairs(lines) do
    local last = find(c.tvb, line.at, c.stop, { "\r\n" })
    tree:add_packet_field(field.item, c.tvb(line.at, last - line.at), ENC_UTF_8)
  end
  c.at = c.at + length + 2
  r.header_lines = lines
  return lines
end

-- ── Layouts ───────────────────────────────────────────────────────────────────────────────────────────────────────

local function ask_headers(r, index)
  local framed = r.layout.framed
  if framed and framed.body == index and not r.said then
    r.arm, r.said = headers_say(r.header_lines or {}, framed, r.layout.fields[framed.headers])
    r.said = r.said or false
  end
end

local function arguments(r, field)
  local values = {}
  for index, argument in ipairs(field.args or {}) do values[index] = argument(r.values, r.params) end
  return values
end

local function said_by(r, index)
  local field = r.layout.fields[index]
  return units(field, r.values[index]) - (field.add or 0)
end

-- How many bytes or elements an extent says, if it is a number at all.
local function length_of(r, ty, field, c, tree)
  if ty.extent == "fixed" then return ty.count end
  if ty.extent == "field" then return said_by(r, ty.by) end
  if ty.extent == "header" then return r.said or 0 end
  if ty.extent == "formula" then
    local value = ty.length(r.values, r.params)
    if ty.max and value > ty.max then
      refuse(field, c.at, "bad_length", "%s is over the limit of %s", shown(value), shown(ty.max))
    end
    return value
  end
  if ty.extent ~= "prefix" then return nil end
  local at = c.at
  local value, exactly = number(c, ty.int, field)
  if ty.max and value > ty.max then
    refuse(field, at, "bad_length", "%s is over the limit of %s", shown(value), shown(ty.max))
  end
  tree:add(field.prefix, c.tvb(at, c.at - at), exactly)
  return value
end

local function read_constant(field, c, tree)
  local at = take(c, #field.constant, field)
  local found = raw(c, at, #field.constant)
  local wrong = stray(found, field.constant, field.type.nocase)
  if wrong then refuse(field, at + wrong - 1, "bad_magic", "expected %s", quoted(field.constant)) end
  if field.type.kind == "constant" then
    tree:add(field.show, c.tvb(at, #found))
    return found
  end
  local int = field.type.int or field.type.enum.int
  local value, exactly = read_number(int, c.tvb, at, c.at, field)
  show_number(tree, field, c, at, c.at - at, value, exactly)
  return value
end

-- What fills the field in front up, which is blamed.
local function read_filler(r, field, c, tree)
  local ty = field.type
  local of, start = r.layout.fields[ty.of], r.starts[ty.of]
  local found = c.at - start
  local length = ty.whole and ty.size - found or -found % ty.size
  if length < 0 then
    refuse(of, start + ty.size, "bad_length", "%s is over the limit of %s", shown(found), shown(ty.size))
  end
  local at = take(c, length, of)
  if length == 0 then return "" end
  local text = raw(c, at, length)
  local wrong = ty.byte and stray(text, ty.byte:rep(length))
  if wrong then refuse(of, at + wrong - 1, "bad_magic", "expected %s", quoted(ty.byte)) end
  tree:add(field.show, c.tvb(at, length))
  return text
end

-- What stands at an earlier place. It leads in front of what holds it, so that no chain of pointers goes round.
local function follow(r, field, c, tree)
  local target, start = layouts[field.type.of], r.starts[1]
  local at = field.pointer.place(r.values, r.params, r.starts)
  local before = math.min(c.before, start)
  if at < field.pointer.least or at >= before then
    refuse(field, start, "bad_value", "a pointer to byte %s leads nowhere", shown(at))
  end
  if c.hops >= target.hops then
    refuse(field, start, "bad_value", "more than %d pointers in a chain", target.hops)
  end
  local there = { tvb = c.tvb, at = at, stop = before, depth = c.depth, hops = c.hops + 1, before = at, elsewhere = 0, pointed = 0 }
  local item = add_group(tree, field.show, c, ("%s: %s, at byte %s"):format(field.name, field.type.of, shown(at)))
  local value = read_layout(target, {}, there, item)
  c.elsewhere = c.elsewhere + (there.at - at + there.elsewhere) - (c.at - math.max(start, c.pointed))
  c.pointed = c.at
  return value
end

local read_arm

-- Of an arm, what it holds stands in the item of its union: `inside`.
local function read_content(r, index, field, c, tree, inside)
  local ty = field.type
  local function group(text)
    return inside and tree or add_group(tree, field.show, c, text)
  end
  if field.constant then return read_constant(field, c, tree) end
  if ty.kind == "filler" then return read_filler(r, field, c, tree) end
  if field.pointer then return follow(r, field, c, tree) end
  if ty.kind == "bytes" and ty.content == "headers" then
    local at, item = c.at, group(field.name)
    local value = read_headers(r, field, c, item)
    item:set_len(c.at - at)
    return value
  elseif ty.kind == "bytes" then
    ask_headers(r, index)
    local length = length_of(r, ty, field, c, tree)
    if field.role == "extension" then
      local at, size = c.at, length or c.stop - c.at
      take(c, size, field)
      if size > 0 then tree:add(field.show, c.tvb(at, size)) end
      return raw(c, at, size)
    end
    return read_bytes(ty, field, c, tree, length, ty.key and r.values[ty.key] or "")
  elseif ty.kind == "list" then
    local at, item = c.at, group(field.name)
    local length = length_of(r, ty, field, c, item)
    local each = field.each_by and said_by(r, field.each_by)
    local value = read_list(ty, field, c, item, length, arguments(r, field), each)
    if not inside then item:set_len(c.at - at) end
    return value
  elseif ty.kind == "struct" then
    local layout, at = layouts[ty.of], c.at
    local item = group(("%s: %s"):format(field.name, ty.of))
    local value
    if layout.choice and layout.choice.header then
      ask_headers(r, index)
      local inner = { layout = layout, values = {}, params = arguments(r, field), said = r.said, arm = r.arm }
      value = read_arm(inner, r.arm, c, item, field)
    else
      value = read_layout(layout, arguments(r, field), c, item, nil, not inside and field)
    end
    if not inside then item:set_len(c.at - at) end
    return value
  end
  return read_single(ty, field, c, tree, field.show)
end

local function read_field(r, index, field, c, tree, inside)
  local inner
  if field.leaves then
    inner = rest(c, field.leaves, field)
  elseif field.region then
    inner = region(c, said_by(r, field.region), field)
  else
    return read_content(r, index, field, c, tree, inside)
  end
  local value = read_content(r, index, field, inner, tree, inside)
  if inner.at < inner.stop then
    refuse(field, inner.at, "bad_length", "%s bytes too many", shown(inner.stop - inner.at))
  end
  return value
end

local function obey(rules, field, at, values, params)
  for _, rule in ipairs(rules or {}) do
    if not rule.holds(values, params) then
      refuse(field, at, "bad_value", "`%s` does not hold", rule.text)
    end
  end
end

-- One arm of a union.
function read_arm(r, index, c, tree, outer)
  local field, at = r.layout.fields[index], c.at
  if outer then tree:set_text(("%s: %s"):format(outer.name, field.name)) else tree:append_text((" %s"):format(field.name)) end
  local value = read_field(r, index, field, c, tree, true)
  local values = { [index] = value }
  obey(field.rules, field, at, values, r.params)
  return { arm = index, value = value }
end

-- The tag that is some bits of the first byte of an arm; nil if that has not arrived.
local function tag_bits(choice, tvb, at, stop)
  if at >= stop then return nil end
  return math.floor(tvb(at, 1):uint() / 2 ^ choice.shift) % 2 ^ choice.width
end

local function read_union(layout, params, c, tree, outer)
  local choice, at, value, handed = layout.choice, c.at, params[1], {}
  local place = { owner = layout.name, name = "tag" }
  if choice.tag then
    local exactly
    value, exactly = number(c, choice.tag, place)
    tree:add(choice.show, c.tvb(at, c.at - at), exactly)
    handed = params
  elseif choice.shift then
    value, handed = tag_bits(choice, c.tvb, at, c.stop), params
    if not value then refuse(place, at, "bad_length", "the bytes end here, 1 more are needed") end
  else
    for index = 2, #params do handed[index - 1] = params[index] end
  end
  local arm = choice.arm(value)
  if not arm then
    refuse(place, at, "bad_value", "%s chooses no arm", type(value) == "number" and shown(value) or tostring(value))
  end
  return read_arm({ layout = layout, values = {}, params = handed }, arm, c, tree, outer)
end

local function check_equations(r, read, frame)
  local layout = r.layout
  for index = 1, read do
    local field = layout.fields[index]
    -- What says the size of elements is a region of each of them.
    if field.role == "computed" and not field.each and (field.absent == nil or r.values[index] ~= field.absent) then
      local measured, due
      if field.counts then
        measured, due = r.counts[field.counts], math.max(field.counts, index)
      elseif frame and field.last == #layout.fields and field.first <= index + 1 then
        measured, due = frame - r.starts[field.first], index
      else
        due = math.max(field.last, index)
        measured = r.starts[field.last + 1] and r.starts[field.last + 1] - r.starts[field.first]
      end
      if due == read and measured then
        local said, found = measured + field.add, r.values[index] or 0
        if whole_units(field, found) ~= said then
          local expected = said * (field.times or 1) / (field.over or 1)
          refuse(field, r.offsets[index], "bad_length", "found %s, but the message says %s", shown(found), shown(expected))
        end
      end
    end
  end
end

local function check_sums(r, read, c)
  local layout = r.layout
  for index = 1, read do
    local field = layout.fields[index]
    local sum = field.checksum
    if sum and sum.name and math.max(sum.last, index) == read then
      local start = r.starts[sum.first]
      local covered = raw(c, start, r.starts[sum.last + 1] - start)
      if index >= sum.first and index <= sum.last then
        local own = r.starts[index] - start
        local width = r.starts[index + 1] - r.starts[index]
        covered = covered:sub(1, own) .. ("\0"):rep(width) .. covered:sub(own + width + 1)
      end
      local expected, found = checksum[sum.name](sum, covered), r.values[index]
      if found ~= expected then
        refuse(field, r.offsets[index], "bad_crc", "the checksum says %#x, but the bytes give %#x", found, expected)
      end
    end
  end
end

-- A field of a run of bits that starts at `run`; what it escapes to stands at `at`. Who sends it is known of a message.
local function run_field(field, tvb, run, at, stop, from)
  local place, int = field.bits, field.type.int
  local offset = run + place.byte
  local value, exactly = read_bits(place, tvb, run)
  local width = 0
  if field.bits_constant and value ~= field.bits_constant then
    refuse(field, offset, "bad_magic", "the bits are %s, not %s", shown(value), shown(field.bits_constant))
  end
  if field.sender and from and (value == 1) ~= (field.sender == from) then
    refuse(field, offset, "bad_value", "%s, but the other side sends it so", tostring(value == 1))
  end
  if field.type.kind == "enum" then known_variant(field.type.enum, value, offset, field) end
  if int and int.kind == "escaping" then
    value, exactly, width = escaped(int, value, tvb, at, stop, offset, field)
    if not value then refuse(field, stop, "bad_length", "the bytes end here, 1 more are needed") end
  end
  if int and int.kind == "flag" then return value == 1, value == 1, 0 end
  if not field.bits_constant then number_rules(field, value, offset) end
  local is_small = place.width <= 32 and not (int and int.kind == "escaping")
  return value, is_small and value or exactly, width
end

local function read_run(r, index, field, c, tree)
  local place = field.bits
  if place.first == index then
    r.run_at = c.at
    take(c, place.bytes, field)
  end
  local value, exactly, width = run_field(field, c.tvb, r.run_at, c.at, c.stop, r.from)
  local at, length = r.run_at + place.byte, place.spread
  c.at = c.at + width
  if width > 0 then length = c.at - at end
  show_number(tree, field, c, at, length, value, exactly)
  return value
end

local function is_there(r, field, c)
  local since = field.since
  if since and since.joined then return r.there[since.behind] end
  if since then return c.at < c.stop end
  return not field.condition or field.condition(r.values, r.params)
end

-- Reads the fields of a layout; `top` is who sends it, of a message.
function read_layout(layout, params, c, tree, top, outer)
  if layout.unsupported then
    error({ owner = layout.name, field = "", at = c.at, kind = "unknown", why = layout.unsupported }, 0)
  end
  if layout.depth and c.depth >= layout.depth then
    local place = { owner = layout.name, name = layout.choice and "tag" or layout.fields[1].name }
    refuse(place, c.at, "bad_value", "it stands more than %d deep in itself", layout.depth)
  end
  if layout.depth then c.depth = c.depth + 1 end
  local value, start, before, elsewhere = nil, c.at, c.before, c.elsewhere
  local counted = layout.hops or layout.max
  if layout.hops then c.before = start end
  if counted then c.elsewhere = 0 end
  if layout.choice then
    value = read_union(layout, params, c, tree, outer)
  else
    local r = {
      layout = layout, params = params, from = top, values = {}, there = {}, numbers = {}, counts = {},
      starts = { c.at }, offsets = {},
    }
    for index, field in ipairs(layout.fields) do
      if field.bits and field.bits.first == index then r.run_at = c.at end
      local at = field.bits and r.run_at + field.bits.byte or c.at
      r.offsets[index] = at
      r.there[index] = is_there(r, field, c)
      if r.there[index] then
        local read
        if field.bits then
          read = read_run(r, index, field, c, tree)
        else
          read = read_field(r, index, field, c, tree)
          if type(read) == "number" and field.type.kind == "int" and not field.constant then
            number_rules(field, read, at)
          end
        end
        r.values[index] = read
        r.counts[index] = type(read) == "table" and read.n or 0
        obey(field.rules, field, at, r.values, params)
      else
        r.counts[index] = 0
      end
      r.starts[index + 1] = c.at
      check_equations(r, index, top and c.stop)
      check_sums(r, index, c)
    end
    value = r.values
  end
  if counted then
    local found = c.at - start + c.elsewhere
    if layout.max and found > layout.max then
      local place = { owner = layout.name, name = layout.choice and "tag" or layout.fields[1].name }
      refuse(place, start, "bad_length", "%s is over the limit of %s", shown(found), shown(layout.max))
    end
    c.before, c.elsewhere = before, c.elsewhere + elsewhere
  end
  if layout.depth then c.depth = c.depth - 1 end
  return value
end
