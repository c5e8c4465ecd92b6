
-- ── Connections ───────────────────────────────────────────────────────────────────────────────────────────────────
-- What is known of a connection is found out in the first pass over a capture, in its order, and kept for each frame, as
-- Wireshark shows packets in any order later.

local tcp_stream = Field.new("tcp.stream")
local connections, snapshots = {}, {}

function protocol.init()
  connections, snapshots = {}, {}
end

local function connection()
  local id = tcp_stream()
  id = id and id.value or 0
  connections[id] = connections[id] or { state = session and session.start, closed = {} }
  return connections[id]
end

-- Where a conversation stands in front of a frame.
local function at_frame(key, pinfo, now)
  local before = snapshots[key]
  if pinfo.visited and before then return before end
  before = { state = now.state, client = now.closed.client, server = now.closed.server }
  snapshots[key] = before
  return before
end

-- Which message the bytes start, by the bytes that tell them apart.
local function tell(plan, tvb, side)
  while plan.at do
    if plan.at >= tvb:len() then need(plan.at + 1 - tvb:len()) end
    local byte, chosen = tvb(plan.at, 1):uint(), nil
    for _, case in ipairs(plan.cases) do
      for range = 1, #case.bytes, 2 do
        if within(byte, case.bytes[range], case.bytes[range + 1]) then chosen = case.plan end
      end
    end
    if not chosen then
      local place = { owner = protocol_name, name = side }
      if plan.state then refuse(place, plan.at, "bad_magic", "%s", plan.state) end
      refuse(place, plan.at, "bad_magic", "no message has the byte 0x%02x here", byte)
    end
    plan = chosen
  end
  return messages[plan.message]
end

-- Reads a frame whose end is known, and shows it.
local function show_message(message, frame, side, item)
  local content, c = frame, nil
  if message.framing.envelope then
    local bytes, places = open(message, frame)
    content = ByteArray.new(bytes, true):tvb(("%s in its envelope"):format(message.name))
    c = { tvb = content, at = 0, stop = #bytes, places = places }
  else
    c = { tvb = frame, at = 0, stop = frame:len() }
  end
  -- How deep it is in itself, and where pointers have led.
  c.depth, c.hops, c.before, c.elsewhere, c.pointed = 0, 0, math.huge, 0, 0
  local read, value = pcall(read_layout, layouts[message.name], {}, c, item, side)
  if read and c.at < c.stop then
    local fields = layouts[message.name].fields
    read, value = pcall(refuse, fields[#fields], c.at, "bad_length", "%s bytes too many", shown(c.stop - c.at))
  end
  if read then return value end
  if type(value) == "table" and c.places then value.at = c.places[value.at + 1] end
  error(value, 0)
end

-- A tree that keeps nothing.
local NOWHERE = {}
setmetatable(NOWHERE, { __index = function() return function() return NOWHERE end end })

-- What follows a bad frame: how many bytes are passed; nil if the connection closes.
local function onward(message, wrong, size, tvb)
  local rule = message and (message.recover[wrong.kind] or message.recover["_"])
  if not rule or rule.action == "close" then return nil end
  if rule.action == "skip" then return size end
  local from = size or math.max(1, wrong.at + 1 - #rule.mark)
  local text = tvb:raw(0, tvb:len())
  local found = text:find(rule.mark, from + 1, true)
  if found and found - 1 <= from + rule.within then return found - 1 end
  if tvb:len() >= from + rule.within + #rule.mark then return nil end
  need(1)
end

local function complain(item, wrong, frame)
  local text = ("%s.%s at byte %d is refused: %s"):format(wrong.owner, wrong.field, wrong.at, wrong.why)
  local expert = refused
  if wrong.kind == "unknown" then
    expert, text = unknown, ("%s: %s"):format(wrong.owner, wrong.why)
  end
  local size = frame:len()
  local at = math.max(0, math.min(wrong.at, size - 1))
  item:add_tvb_expert_info(expert, frame(at, size > 0 and 1 or 0), text)
end

local function leads(edges, side, what, values)
  for _, edge in ipairs(edges) do
    if edge.from == side and edge.said == what and (not edge.guard or edge.guard(values, {})) then return edge end
  end
end

-- Dissects what `tvb` starts with, and says how many bytes that is; nil if the connection closes behind it.
local function dissect_frame(tvb, side, before, now, tree, names)
  local state = session and session.states[before.state]
  if session and not state then
    local item = tree:add(protocol, tvb(), ("%s: %d bytes"):format(protocol_name, tvb:len()))
    complain(item, { owner = protocol_name, field = side, at = 0, kind = "bad_magic", why = "the conversation is over" }, tvb)
    return nil
  end
  if state and leads(state.edges, side, "stream") then
    local item = tree:add(protocol, tvb(), ("%s: raw bytes from the %s"):format(protocol_name, side))
    item:add(raw_bytes, tvb())
    names[#names + 1] = "raw bytes"
    return tvb:len()
  end
  local plan = state and state[side] or not state and plans[side]
  local message, size
  local good, wrong = pcall(function()
    if not plan then
      local who = { owner = protocol_name, name = side }
      refuse(who, 0, "bad_magic", state and "in the state `%s` it is not this side's turn" or "this side sends nothing", state and state.name)
    end
    message = tell(plan, tvb, side)
    local why = layouts[message.name].unsupported
    if why then error({ owner = message.name, field = "", at = 0, kind = "unknown", why = why }, 0) end
    size = ends[message.framing.kind](message, tvb)
  end)
  if not good and (type(wrong) ~= "table" or wrong.need) then error(wrong, 0) end
  -- Where a search goes on has to be known before anything is shown: more bytes may be needed for it.
  local frame = tvb(0, size or tvb:len()):tvb()
  local behind
  if not good then
    -- The messages of a side have the same rules.
    behind = onward(message or plan and messages[plan.any], wrong, size, tvb)
  elseif next(message.recover) then
    local fine, why = pcall(show_message, message, frame, side, NOWHERE)
    if not fine and type(why) == "table" then behind = onward(message, why, size, tvb) end
  end
  local name = message and message.name or "?"
  local item = tree:add(protocol, tvb(0, frame:len()), ("%s: %s from the %s"):format(protocol_name, name, side))
  names[#names + 1] = name
  local value
  if good then
    item:add(message_name, frame(), name):set_generated()
    good, value = pcall(show_message, message, frame, side, item)
    if good then
      local edge = state and leads(state.edges, side, name, value)
      if edge then now.state = edge.to end
      return size
    end
    wrong = value
  end
  if type(wrong) ~= "table" then error(wrong, 0) end
  complain(item, wrong, frame)
  if wrong.kind == "unknown" then return size end
  return behind
end

local function side_of(pinfo)
  return pinfo.dst_port == pinfo.match_uint and "client" or "server"
end

local function name_columns(pinfo, names)
  if #names == 0 then return end
  pinfo.cols.protocol:set(protocol_name:upper())
  pinfo.cols.info:set(table.concat(names, ", "))
  pinfo.cols.info:fence()
end

-- A datagram is a message, and nothing is known of others.
local function dissect_datagram(tvb, pinfo, tree)
  local fresh, names = { state = session and session.start, closed = {} }, {}
  local good, taken = pcall(dissect_frame, tvb(0):tvb(), side_of(pinfo), fresh, fresh, tree, names)
  if not good then
    if type(taken) ~= "table" then error(taken, 0) end
    local item = tree:add(protocol, tvb(), ("%s: a part of a message"):format(protocol_name))
    item:add_proto_expert_info(refused, ("the datagram ends here, at least %d bytes are missing"):format(taken.need))
  elseif taken and taken < tvb:len() then
    local item = tree:add(protocol, tvb(taken), ("%s: behind the message"):format(protocol_name))
    item:add_proto_expert_info(refused, ("%d bytes too many in the datagram"):format(tvb:len() - taken))
  end
  name_columns(pinfo, names)
  return tvb:len()
end

local function dissect(tvb, pinfo, tree)
  local side = side_of(pinfo)
  local now, names, offset = connection(), {}, 0
  while offset < tvb:len() do
    local left = tvb(offset):tvb()
    local key = ("%d %d %d %d"):format(pinfo.number, tvb:offset(), tvb:len(), offset)
    local before = at_frame(key, pinfo, now)
    if before[side] then
      tree:add(protocol, left(), ("%s: %d bytes behind a refused frame"):format(protocol_name, left:len()))
      break
    end
    local good, taken = pcall(dissect_frame, left, side, before, now, tree, names)
    if not good then
      if type(taken) ~= "table" then error(taken, 0) end
      if pinfo.can_desegment > 0 then
        pinfo.desegment_offset = offset
        pinfo.desegment_len = taken.until_end and DESEGMENT_UNTIL_FIN
          or taken.exact and taken.need or DESEGMENT_ONE_MORE_SEGMENT
      else
        tree:add(protocol, left(), ("%s: a message of which at least %d bytes are missing"):format(protocol_name, taken.need))
      end
      break
    end
    if not taken then
      now.closed[side] = true
      break
    end
    offset = offset + taken
  end
  name_columns(pinfo, names)
  return tvb:len()
end

local UDP = 3

function protocol.dissector(tvb, pinfo, tree)
  -- A packet that was not captured whole has no more bytes to wait for.
  if tvb:len() < tvb:reported_len() then
    tree:add(protocol, tvb(), ("%s: the packet was captured only in part"):format(protocol_name))
    return tvb:len()
  end
  if pinfo.port_type == UDP then return dissect_datagram(tvb, pinfo, tree) end
  return dissect(tvb, pinfo, tree)
end

-- ── Ports ─────────────────────────────────────────────────────────────────────────────────────────────────────────

local tables, served = { DissectorTable.get("udp.port") }, nil
if not of_datagrams then tables[2] = DissectorTable.get("tcp.port") end

protocol.prefs.port = Pref.uint("Port of the server", port, "The side with this port is the server; 0 for none")

local function serve()
  if served == protocol.prefs.port then return end
  for _, ports in ipairs(tables) do
    if served and served > 0 then ports:remove(served, protocol) end
    if protocol.prefs.port > 0 then ports:add(protocol.prefs.port, protocol) end
  end
  served = protocol.prefs.port
end

protocol.prefs_changed = serve
for _, ports in ipairs(tables) do ports:add_for_decode_as(protocol) end
serve()
