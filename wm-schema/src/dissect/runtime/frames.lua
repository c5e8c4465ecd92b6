
-- ── Where a frame ends ────────────────────────────────────────────────────────────────────────────────────────────
-- `tvb` starts where the frame does. What has not arrived yet is asked for by `need`, exactly if the size is known.

local function arrived_constants(message, tvb)
  local all = true
  for _, one in ipairs(message.constants) do
    local here = math.min(#one.bytes, tvb:len() - one.at)
    local wrong = here > 0 and stray(tvb:raw(one.at, here), one.bytes, one.nocase)
    if wrong then refuse(one, one.at + wrong - 1, "bad_magic", "expected %s", quoted(one.bytes)) end
    all = all and here == #one.bytes
  end
  return all
end

local function whole_frame(tvb, size, looked)
  if tvb:len() < size then need(size - tvb:len(), looked ~= false) end
  return size
end

local ends = {}

function ends.fixed(message, tvb)
  -- A constant that is still to come is looked at as soon as it is there.
  local looked = arrived_constants(message, tvb)
  return whole_frame(tvb, message.framing.bytes, looked)
end

-- The number that says the size, where an error about it points, and the bytes behind its run or its own.
local function framing_number(how, place, tvb)
  local stop = tvb:len()
  if not how.bits then
    local value, _, width = arriving(how.int, tvb, math.min(how.at, stop), stop, place)
    if not value then need(how.int.width and how.at + how.int.width - stop or 1) end
    return value, how.at, width
  end
  local run = how.bits.bytes
  if stop < how.at + run then need(how.at + run - stop) end
  local value, at = read_bits(how.bits, tvb, how.at), how.at + how.bits.byte
  if how.int.kind ~= "escaping" then return value, at, 0 end
  local wide, _, width = escaped(how.int, value, tvb, how.at + run, stop, at, place)
  if not wide then need(1) end
  return wide, at, width
end

function ends.prefix(message, tvb)
  arrived_constants(message, tvb)
  local how = message.framing
  local place = layouts[message.name].fields[how.field]
  local value, at, width = framing_number(how, place, tvb)
  number_rules(place, value, at)
  if how.limit and value > how.limit then
    refuse(place, at, "bad_length", "%s is over the limit of %s", shown(value), shown(how.limit))
  end
  local outside = how.outside + (how.width_outside and width or 0)
  if how.uncounted then
    local values = {}
    for _, beside in ipairs(how.beside) do
      local found = read_bits(beside, tvb, how.at)
      values[beside.field] = beside.flag and found == 1 or not beside.flag and found
    end
    for _, field in ipairs(how.uncounted) do
      if field.condition(values, {}) then outside = outside + field.bytes end
    end
  end
  local size = value * how.scale + outside
  if size < message.least then
    local least = math.floor((message.least - outside + how.scale - 1) / how.scale)
    refuse(place, at, "bad_length", "%s is too short, it must be at least %s", shown(value), shown(least))
  elseif size > message.most then
    local most = math.floor((message.most - outside) / how.scale)
    refuse(place, at, "bad_length", "%s is over the limit of %s", shown(value), shown(most))
  end
  return whole_frame(tvb, size)
end

ends["until"] = function(message, tvb)
  arrived_constants(message, tvb)
  local how, stop = message.framing, tvb:len()
  local last, length = find(tvb, how.from, stop, how.ends)
  local sure = last and last - how.from or math.max(0, stop - longest(how.ends) + 1 - how.from)
  if sure > how.max then
    local place = layouts[message.name].fields[how.field]
    refuse(place, how.from + how.max, "bad_length", "%s is over the limit of %s", shown(sure), shown(how.max))
  end
  if not last then need(how.from + shortest(how.ends) + how.tail - stop) end
  return whole_frame(tvb, last + length + how.tail)
end

-- ── Envelopes ─────────────────────────────────────────────────────────────────────────────────────────────────────

local FRAME = { slip = "\xc0", cobs = "\0", line = "\n" }

local function leading(kind, text)
  local nothing = { slip = "^\xc0*", cobs = "^%z*", line = "^", json = "^[ \t\r\n]*" }
  return #text:match(nothing[kind])
end

-- Where the brace stands that closes the first, and behind it.
local function braces(text, place)
  local at = leading("json", text) + 1
  if at > #text then return nil end
  if not text:match("^[{%[]", at) then
    refuse(place, at - 1, "bad_frame", "'%s' opens neither an object nor a list", quoted(text:sub(at, at)):sub(2, -2))
  end
  local depth = 0
  while true do
    at = text:find('[{}%[%]"]', at)
    if not at then return nil end
    local found = text:sub(at, at)
    if found == '"' then
      repeat
        at = text:find('["\\]', at + 1)
        if not at then return nil end
        local escapes = text:sub(at, at) == "\\"
        if escapes then at = at + 1 end
      until not escapes
    elseif found == "{" or found == "[" then
      depth = depth + 1
    elseif depth == 1 then
      return at
    else
      depth = depth - 1
    end
    at = at + 1
  end
end

function ends.datagram(message, tvb)
  local place = { owner = message.name, name = "frame" }
  if tvb:len() > message.most then
    refuse(place, message.most, "bad_length", "%s is over the limit of %s", shown(tvb:len()), shown(message.most))
  end
  return tvb:len()
end

function ends.outer(message, tvb)
  local kind = message.framing.envelope
  local place = { owner = message.name, name = "frame" }
  local window = math.min(tvb:len(), message.most)
  local text = tvb:raw(0, window)
  local last
  if kind == "json" then
    last = braces(text, place)
  else
    last = text:find(FRAME[kind], leading(kind, text) + 1, true)
  end
  if last then return last end
  if tvb:len() >= message.most then
    refuse(place, message.most, "bad_length", "%s is over the limit of %s", shown(message.most + 1), shown(message.most))
  end
  need(1)
end

-- What the envelope holds, where each byte of that came from, and behind them where the envelope goes on.
local function open(message, frame)
  local kind, text = message.framing.envelope, frame:raw(0, frame:len())
  local place = { owner = message.name, name = "frame" }
  local start = leading(kind, text)
  local bytes, places = {}, {}
  if kind == "json" then
    for at = start, #text do places[#places + 1] = at end
    return text:sub(start + 1), places
  elseif kind == "line" then
    local stop = text:sub(-2) == "\r\n" and #text - 2 or #text - 1
    for at = 0, stop do places[#places + 1] = at end
    return text:sub(1, stop), places
  end
  start = math.min(start, #text - 1)
  local at, stop = start, #text - 1
  while at < stop do
    local byte = text:byte(at + 1)
    if kind == "slip" then
      places[#places + 1] = at
      if byte == 0xdb then
        at = at + 1
        byte = ({ [0xdc] = 0xc0, [0xdd] = 0xdb })[text:byte(at + 1)]
        if not byte then
          refuse(place, at, "bad_frame", "byte 0x%02x behind an escape stands for nothing", text:byte(at + 1))
        end
      end
      bytes[#bytes + 1] = string.char(byte)
      at = at + 1
    else
      local behind = at + byte
      if behind > stop then
        refuse(place, stop, "bad_length", "the bytes end here, %d more are needed", behind - stop)
      end
      for inner = at + 1, behind - 1 do
        bytes[#bytes + 1], places[#places + 1] = text:sub(inner + 1, inner + 1), inner
      end
      if byte < 255 and behind < stop then
        bytes[#bytes + 1], places[#places + 1] = "\0", behind
      end
      at = behind
    end
  end
  places[#places + 1] = stop
  return table.concat(bytes), places
end

-- ── A walk ────────────────────────────────────────────────────────────────────────────────────────────────────────
-- The steps are those of the framer of wm: what has a fixed size or is measured by a number in front is passed unseen.

local Walk = {}
Walk.__index = Walk

function Walk:missing(known)
  need(self.least + known - self.tvb:len())
end

function Walk:left()
  return math.max(0, self.tvb:len() - self.at)
end

function Walk:text()
  return self:left() > 0 and self.tvb:raw(self.at, self:left()) or ""
end

function Walk:grow(more, place)
  local least = self.least + more
  if least > self.most then
    refuse(place, self.at, "bad_length", "%s is over the limit of %s", shown(least), shown(self.most))
  end
  self.least = least
end

function Walk:value(int, place)
  if int.kind == "until" and int.signed then self:up_to(int.ends, int.max, place) end
  local value, _, width = arriving(int, self.tvb, self.at, math.max(self.at, self.tvb:len()), place)
  if not value then self:missing(int.width and 0 or math.max(0, self:left() - (int.shortest - 1))) end
  self:grow(width - int.shortest, place)
  self.at = self.at + width
  return value
end

function Walk:up_to(ends, max, place)
  local stop = math.max(self.at, self.tvb:len())
  local last, length = find(self.tvb, self.at, stop, ends)
  local sure = last and last - self.at or math.max(0, stop - self.at + 1 - longest(ends))
  if sure > max then
    refuse(place, self.at + max, "bad_length", "%s is over the limit of %s", shown(sure), shown(max))
  end
  return last and last - self.at, length
end

function Walk:free(ty, place)
  self:value(ty.int or ty.enum.int, place)
end

-- The number of a field or an element that has been passed.
function Walk:number_at(ty, at, place)
  local int = ty.int or ty.enum.int
  if self.tvb:len() < at + int.shortest then self:missing(0) end
  local value = read_number(int, self.tvb, at, self.tvb:len(), place)
  if ty.kind == "enum" then known_variant(ty.enum, value, at, place) end
  if ty.least and not within(value, ty.least, ty.most) then
    refuse(place, at, "bad_value", "%s is not in %s..=%s", shown(value), shown(ty.least), shown(ty.most))
  end
  return value
end

-- The values of fields that are read again at their places.
function Walk:look(level, reads)
  local values = {}
  for _, index in ipairs(reads or {}) do
    local field = level.layout.fields[index]
    local at = level.marks[field.bits and field.bits.first or index]
    if field.bits then
      if self.tvb:len() < at + field.bits.bytes then self:missing(0) end
      values[index] = run_field(field, self.tvb, at, at + field.bits.bytes, self.tvb:len())
    else
      values[index] = self:number_at(field.type, at, field)
    end
  end
  return values
end

local walk_layout

function Walk:elements(field, count, params)
  local ty = field.type.element or field.type
  for _ = 1, count do
    if ty.kind == "struct" then
      walk_layout(self, layouts[ty.of], params)
    else
      self:free(ty, field)
    end
  end
end

-- What a field hands on: not the value that has chosen the arm that it is.
function Walk:arguments(level, field, reads, given)
  local params, values, handed = {}, self:look(level, reads), {}
  for index = given + 1, #level.params do handed[index - given] = level.params[index] end
  for index, argument in ipairs(field.args or {}) do params[index] = argument(values, handed) end
  return params
end

function Walk:units(level, span, units)
  local field = level.layout.fields[span.first]
  if span.walked then
    local given = field.given or 0
    return self:elements(field, span.least + units, self:arguments(level, field, field.reads, given))
  end
  self.at = self.at + (span.least + units) * span.unit
end

function Walk:measure(field, span)
  local at, int = self.at, field.type.int
  local value = self:value(int, field)
  number_rules(field, value, at)
  if field.type.kind ~= "int" and field.type.max and value > field.type.max then
    refuse(field, at, "bad_length", "%s is over the limit of %s", shown(value), shown(field.type.max))
  end
  if field.absent and value == field.absent then return 0 end
  local units = units(span, value) - span.add
  if units < 0 then
    refuse(field, at, "bad_length", "%s is too short, it must be at least %s", shown(value), shown(span.add))
  end
  local room = math.floor((self.most - self.least) / span.unit)
  if units > room then
    refuse(field, at, "bad_length", "%s is over the limit of %s", shown(value), shown(room + span.add))
  end
  self.least = self.least + units * span.unit
  return units
end

-- One element of a list, and where its fields stand.
function Walk:element(ty, place)
  if ty.kind ~= "struct" then
    self:free(ty, place)
    return {}
  end
  local layout = layouts[ty.of]
  if not layout.fixed then return walk_layout(self, layout, {}) end
  local marks = {}
  for index, field in ipairs(layout.fields) do
    marks[index] = self.at
    self.at = self.at + field.shortest
  end
  return marks
end

-- What the condition that ends a list asks for: it is given what it sees of an element.
function Walk:seen(list, place, start, marks)
  local ty = list.element
  if ty.kind ~= "struct" then return self:number_at(ty, start, place) end
  local layout, seen = layouts[ty.of], {}
  for _, look in ipairs(list.looks) do
    local field, at = layout.fields[look.field], marks[look.said_by or look.field]
    if look.said_by then
      local length
      if look.int then
        local said = layout.fields[look.said_by]
        length = self:number_at({ kind = "int", int = look.int }, at, said) - look.add
      else
        local last = find(self.tvb, at, self.tvb:len(), field.type.ends)
        length = last and last - at or 0
      end
      -- A length is all that is asked of it: something that is so long.
      seen[look.field] = { length = length }
    else
      seen[look.field] = self:number_at(field.type, at, field)
    end
  end
  return seen
end

local step = {}

function step.pass(walk, _, how) walk.at = walk.at + how.bytes end

function step.constant(walk, level, how)
  local field = level.layout.fields[how.field]
  local text = walk:left() > 0 and walk.tvb:raw(walk.at, math.min(walk:left(), #field.constant)) or ""
  local wrong = stray(text, field.constant, field.type.nocase)
  if wrong then refuse(field, walk.at + wrong - 1, "bad_magic", "expected %s", quoted(field.constant)) end
  if #text < #field.constant then walk:missing(0) end
  walk.at = walk.at + #field.constant
end

step["until"] = function(walk, level, how)
  local field = level.layout.fields[how.field]
  local ty = field.type
  local most, least = longest(ty.ends), shortest(ty.ends)
  -- The shortest delimiter has been counted, and the longest may come.
  local room = math.max(0, walk.most - walk.least - (most - least))
  local length, behind = walk:up_to(ty.ends, math.min(ty.max or room, room), field)
  if not length then walk:missing(math.max(0, walk:left() - most + 1)) end
  walk.least = walk.least + length + behind - least
  walk.at = walk.at + length + behind
end

local tcp_fin = Field.new("tcp.flags.fin")

-- Whether nothing comes behind this packet: a datagram ends itself, a side of a connection with its FIN.
local function stream_ends()
  local fin = tcp_fin()
  return not fin or fin.value == true or fin.value == 1
end

-- All that comes, up to the end of the stream: of no bytes at all no frame has begun.
step["end"] = function(walk, level, how)
  local field = level.layout.fields[how.field]
  local room = walk.most - walk.least
  local most = field.type.kind == "bytes" and field.type.max and math.min(field.type.max, room) or room
  if walk:left() > most then
    refuse(field, walk.at + most, "bad_length", "%s is over the limit of %s", shown(most + 1), shown(most))
  end
  if walk.tvb:len() == 0 or walk.tvb:len() < walk.at then walk:missing(0) end
  if not stream_ends() then error({ need = 1, until_end = true }, 0) end
  walk.at = walk.tvb:len()
end

function step.headers(walk, level, how)
  local layout, room = level.layout, walk.most - walk.least
  local field = layout.fields[how.field]
  local stop = math.max(walk.at, walk.tvb:len())
  local lines, length = header_block(walk.tvb, walk.at, stop, math.min(field.type.max, room), field)
  if not lines then walk:missing(length) end
  walk:grow(length, field)
  walk.at = walk.at + length + 2
  local framed = layout.framed
  if framed and framed.headers == how.field then
    level.arm, level.said = headers_say(lines, framed, field)
    local extra = level.arm and framed.arms[level.arm].extra or 0
    walk:grow((level.said or 0) + extra, field)
  end
end

function step.framed(walk, level, how)
  if level.said then
    walk.at = walk.at + level.said
  elseif level.arm then
    local union = layouts[level.layout.fields[how.field].type.of]
    local one = union.steps[level.arm]
    step[one.step](walk, { layout = union, params = {}, kept = {}, marks = {} }, one)
  end
end

function step.free(walk, level, how)
  local field = level.layout.fields[how.field]
  walk:free(field.type, field)
end

function step.mark(walk, level, how) level.marks[how.field] = walk.at end

step["if"] = function(walk, level, how)
  local field = level.layout.fields[how.field]
  local values = walk:look(level, how.reads)
  if not field.condition(values, level.params) then return true end
  walk:grow(how.least, field)
end

function step.number(walk, level, how)
  local units = walk:measure(level.layout.fields[how.field], how.span)
  if how.slot then
    level.kept[how.slot] = units
  else
    walk:units(level, how.span, units)
  end
end

function step.sized(walk, level, how)
  local field, span, handed = level.layout.fields[how.field], how.span, {}
  for index = how.given + 1, #level.params do handed[index - how.given] = level.params[index] end
  local units = field.type.length(walk:look(level, how.reads), handed) - span.least
  local room = math.floor((walk.most - walk.least) / span.unit)
  local most = math.min(span.max or room, room)
  if units > most then
    refuse(field, walk.at, "bad_length", "%s is over the limit of %s", shown(units + span.least), shown(most + span.least))
  end
  walk.least = walk.least + units * span.unit
  walk:units(level, span, units)
end

function step.kept(walk, level, how) walk:units(level, how.span, level.kept[how.slot] or 0) end

function step.elements(walk, level, how)
  local field = level.layout.fields[how.field]
  local list, index = field.type, 0
  while true do
    if index > 0 then
      if list.max and index == list.max then
        refuse(field, walk.at, "bad_length", "%s is over the limit of %s", shown(index + 1), shown(list.max))
      end
      walk:grow(how.least, field)
    end
    local start = walk.at
    local marks = walk:element(list.element, field)
    if list.last(walk:seen(list, field, start, marks)) then break end
    index = index + 1
  end
end

function step.enter(walk, level, how)
  local field = level.layout.fields[how.field]
  walk:elements(field, how.count, walk:arguments(level, field, how.reads, how.given))
end

function walk_layout(walk, layout, params)
  if layout.unsupported then
    error({ owner = layout.name, field = "", at = walk.at, kind = "unknown", why = layout.unsupported }, 0)
  end
  if layout.depth and walk.depth >= layout.depth then
    local place = { owner = layout.name, name = layout.choice and "tag" or layout.fields[1].name }
    refuse(place, walk.at, "bad_value", "it stands more than %d deep in itself", layout.depth)
  end
  walk.depth = walk.depth + (layout.depth and 1 or 0)
  local level, first, last = { layout = layout, params = params, kept = {}, marks = {} }, 1, #layout.steps
  if layout.choice then
    local choice, at = layout.choice, walk.at
    local place = { owner = layout.name, name = "tag" }
    local value = params[1]
    if choice.tag then value = walk:value(choice.tag, place) end
    if choice.shift then
      value = tag_bits(choice, walk.tvb, at, walk.tvb:len())
      if not value then walk:missing(0) end
    end
    local arm = choice.arm(value)
    if not arm then refuse(place, at, "bad_value", "%s chooses no arm", tostring(value)) end
    local field = layout.fields[arm]
    walk:grow(field.shortest - layout.least_arm, field)
    first, last = arm, arm
  end
  local index = first
  while index <= last do
    local one = layout.steps[index]
    local skip = step[one.step](walk, level, one)
    index = index + (skip and 2 or 1)
  end
  walk.depth = walk.depth - (layout.depth and 1 or 0)
  return level.marks
end

function ends.unknown(message)
  error({ owner = message.name, field = "", at = 0, kind = "unknown", why = message.framing.why }, 0)
end

function ends.walk(message, tvb)
  local walk = setmetatable({ tvb = tvb, at = 0, least = message.least, most = message.most, depth = 0 }, Walk)
  walk_layout(walk, layouts[message.name], {})
  return whole_frame(tvb, walk.at)
end
