//! `wm-schema dissect`: real `tshark`, with the dissector of each schema, sees what `wm-schema decode` sees: the same messages,
//! fields, values and refused bytes, in captures that are cut in the worst places.

mod captures;

use captures::{ACK, SYN, SYN_ACK, datagram, pcap, segment};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use wm_schema::interp::{self, Interpreter};
use wm_schema::ir::{Bytes, Expect, Field, Schema, Side, Type};
use wm_schema::{dsl, resolve};

/// The port of the servers of all captures.
const PORT: u16 = 9;
/// A plain IP packet.
const RAW: u32 = 101;
/// What a stream is cut into at most: one that is longer is cut less often.
const SEGMENTS_MAX: usize = 400;
/// What nests too deep for the reader of JSON.
const DEEP: &str = "too deep";
/// The bytes of a fuzz input that say where it is cut.
const PIECES: usize = 8;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("dissect");
    fs::create_dir_all(&folder).expect("a writable folder");
    folder
}

/// Whether tshark is there; where it is not, that is said.
#[expect(clippy::print_stderr, reason = "a test that is left out says so")]
fn has_tshark() -> bool {
    let ran = Command::new("tshark").arg("--version").stdin(Stdio::null()).output();
    let there = ran.is_ok_and(|ran| ran.status.success());
    if !there {
        eprintln!("LEFT OUT: the dissectors are not tried, tshark is not installed: apt-get install tshark");
    }
    there
}

fn load(path: &Path) -> Schema {
    let source = fs::read_to_string(path).expect("a schema");
    let draft = dsl::read_file(&source, path).draft.unwrap_or_else(|mistakes| panic!("{mistakes:#?}"));
    resolve::resolve(&draft).schema.unwrap_or_else(|| panic!("{} has mistakes", path.display()))
}

/// The schemas of streams of the tests, by name: of those is what `decode --pcap` reads.
fn schemas() -> Vec<(String, PathBuf)> {
    let files = fs::read_dir(root().join("tests/schemas")).expect("the schemas");
    let paths = files.map(|file| file.expect("a file").path());
    let mut schemas: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "wm"))
        .filter(|path| !load(path).is_of_datagrams())
        .map(|path| (path.file_stem().expect("a name").to_string_lossy().into_owned(), path))
        .collect();
    schemas.sort();
    schemas
}

/// What is said on a connection, one behind the other.
type Conversation = Vec<(Side, Vec<u8>)>;

/// Of a session the conversations of its tests, as far as all is well in them; else each stream of the fuzzers' corpus.
fn conversations(name: &str, schema: &Schema) -> Vec<Conversation> {
    if schema.session.is_some() {
        let good = |expect: &Expect| matches!(expect, Expect::Equals(_) | Expect::Decodes(_));
        let said = |case: &wm_schema::ir::Case| good(&case.expect).then(|| (case.from, case.bytes.clone()));
        return schema.tests.iter().map(|test| test.cases.iter().filter_map(said).collect()).collect();
    }
    // What is no `Message` is not fuzzed, and has its tests.
    let corpus = fs::read_dir(root().join("fuzz/corpus").join(name)).into_iter().flatten();
    let mut files: Vec<PathBuf> = corpus.map(|file| file.expect("a file").path()).collect();
    files.sort();
    let mut conversations: Vec<Conversation> = Vec::new();
    for file in files {
        let data = fs::read(&file).expect("a stream");
        let from_server = file.file_name().is_some_and(|name| name.to_string_lossy().starts_with("server"));
        let side = if from_server { Side::Server } else { Side::Client };
        conversations.push(vec![(side, data[PIECES.min(data.len())..].to_vec())]);
    }
    let cases = schema.tests.iter().flat_map(|test| &test.cases);
    conversations.extend(cases.map(|case| vec![(case.from, case.bytes.clone())]));
    if conversations.is_empty() {
        conversations = made_up(schema).into_iter().map(|(side, bytes)| vec![(side, bytes)]).collect();
    }
    conversations
}

/// Some messages of each kind.
fn made_up(schema: &Schema) -> Vec<(Side, Vec<u8>)> {
    let mut made = Vec::new();
    for side in [Side::Client, Side::Server] {
        for message in schema.sent_by(side).map(|index| &schema.messages[index]) {
            let interpreter = Interpreter::new(schema, message).sent_by(side);
            let bytes = (0..200u32).filter_map(|seed| {
                let scattered =
                    |at: u32| (seed * 200 + at).wrapping_mul(seed.wrapping_mul(0x9e37_79b9)).to_be_bytes()[1];
                let entropy: Vec<u8> = (0..200).map(scattered).collect();
                interpreter.encode(&interp::made_up(schema, &message.layout, side, &entropy)).ok()
            });
            made.extend(bytes.take(5).map(|bytes| (side, bytes)));
        }
    }
    assert!(!made.is_empty(), "{}: nothing could be made up", schema.name);
    made
}

/// A capture of conversations, one connection each, whose streams are cut into pieces of `size` bytes.
fn capture(conversations: &[Conversation], size: usize) -> Vec<u8> {
    let mut packets = Vec::new();
    for (index, conversation) in conversations.iter().enumerate() {
        let client = 20000 + u16::try_from(index).expect("few conversations");
        // What the client and the server have sent.
        let mut sent = [1u32, 1u32];
        packets.push(segment([client, PORT], true, SYN, (0, 0), b""));
        packets.push(segment([PORT, client], false, SYN_ACK, (0, 1), b""));
        for (side, bytes) in conversation {
            let of_client = *side == Side::Client;
            let ports = if of_client { [client, PORT] } else { [PORT, client] };
            let size = size.max(bytes.len() / SEGMENTS_MAX);
            for piece in bytes.chunks(size) {
                let (own, other) = if of_client { (sent[0], sent[1]) } else { (sent[1], sent[0]) };
                packets.push(segment(ports, of_client, ACK, (own, other), piece));
                sent[usize::from(!of_client)] += u32::try_from(piece.len()).expect("small");
            }
        }
    }
    pcap(RAW, &packets)
}

// ── What the two of them see ──────────────────────────────────────────────────────────────────────────────────────

/// A message that was seen in a direction of a connection.
#[derive(Debug)]
struct Seen {
    name: String,
    fields: Vec<Node>,
    /// `Upload.name at byte 6` if it is refused.
    refused: Option<String>,
}

/// A field.
#[derive(Debug, Default)]
struct Node {
    /// Its name in filters.
    filter: String,
    label: String,
    show: String,
    value: Vec<u8>,
    at: usize,
    children: Vec<Self>,
}

/// By the ports from which and to which it was sent.
type Streams<M> = BTreeMap<(u16, u16), Vec<M>>;

/// The frames of each stream; behind them one that is not complete.
fn schema_sees(schema: &Path, file: &Path) -> Streams<Json> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wm-schema"));
    command.arg("decode").arg(schema).arg("--json").arg("--pcap").arg(file).args(["--port", &PORT.to_string()]);
    let output = command.stdin(Stdio::null()).output().expect("the command starts");
    assert!(output.status.code().is_some_and(|code| code < 2), "{}", String::from_utf8_lossy(&output.stderr));
    let mut streams = Streams::new();
    for line in String::from_utf8(output.stdout).expect("UTF-8").lines() {
        // What nests deeper than serde reads is left out.
        let frame: Json = serde_json::from_str(line).unwrap_or_else(|error| {
            assert!(error.to_string().starts_with("recursion limit"), "{error}");
            Json::String(DEEP.to_owned())
        });
        let stream = line.split("\"stream\":\"").nth(1).and_then(|rest| rest.split('"').next()).expect("the stream");
        let mut ports = stream.split(" > ").map(|end| end.rsplit(':').next().expect("a port").parse().expect("a port"));
        let ports = (ports.next().expect("a port"), ports.next().expect("a port"));
        streams.entry(ports).or_default().push(frame);
    }
    streams
}

/// What a session's tests say, each message by itself: by its bytes alone a message is not known in a session.
fn session_sees(path: &Path, schema: &Schema, conversations: &[Conversation]) -> Streams<Json> {
    let mut streams = Streams::new();
    for (index, test) in schema.tests.iter().enumerate() {
        let client = 20000 + u16::try_from(index).expect("few conversations");
        let mut said = conversations[index].iter();
        for case in &test.cases {
            let (Expect::Equals(_) | Expect::Decodes(_), Some(message)) = (&case.expect, case.message) else {
                continue;
            };
            let (side, bytes) = said.next().expect("what is good is said");
            let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            let side_word = if *side == Side::Client { "--client" } else { "--server" };
            let mut command = Command::new(env!("CARGO_BIN_EXE_wm-schema"));
            command.arg("decode").arg(path).args(["--json", side_word, "--message"]);
            command.arg(&schema.messages[message].layout.name).args(["--hex", &hex.join(" ")]);
            let output = command.stdin(Stdio::null()).output().expect("the command starts");
            let frame: Json = serde_json::from_slice(&output.stdout).expect("a line of JSON");
            let ports = if *side == Side::Client { (client, PORT) } else { (PORT, client) };
            streams.entry(ports).or_insert_with(Vec::new).push(frame);
        }
    }
    streams
}

fn tshark(dissector: &Path, file: &Path, prefix: &str, more: &[&str]) -> String {
    let mut command = Command::new("tshark");
    command.arg("-r").arg(file).arg("-X").arg(format!("lua_script:{}", dissector.display()));
    command.args(["-o", &format!("{prefix}.port:{PORT}"), "--disable-protocol", "discard"]).args(more);
    let output = command.stdin(Stdio::null()).output().expect("tshark starts");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && !said.contains("Lua"), "{said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn tshark_sees(dissector: &Path, file: &Path, prefix: &str) -> Streams<Seen> {
    let page = tshark(dissector, file, prefix, &["-T", "pdml", "-Y", prefix]);
    let wrong = page.split("Lua Error").nth(1).map(|rest| rest.split('"').next().unwrap_or_default());
    assert_eq!(wrong, None, "{}", dissector.display());
    let mut streams = Streams::new();
    for packet in page.split("<packet>").skip(1) {
        let protocols = parse(packet);
        let tcp = protocols.iter().find(|one| one.filter == "tcp").expect("TCP");
        let port = |filter: &str| {
            let field = tcp.children.iter().find(|field| field.filter == filter).expect("a port");
            field.show.parse::<u16>().expect("a port")
        };
        let ports = (port("tcp.srcport"), port("tcp.dstport"));
        for one in protocols.into_iter().filter(|one| one.filter == prefix) {
            let Some((name, _)) = one.label.split_once(" from the ") else { continue };
            let name = name.rsplit(": ").next().unwrap_or_default().to_owned();
            let refused = complaint(&one);
            let at = one.at;
            let fields = one.children.into_iter().map(|child| child.from(at)).collect();
            streams.entry(ports).or_insert_with(Vec::new).push(Seen { name, fields, refused });
        }
    }
    streams
}

/// What the dissector says of refused bytes.
fn complaint(node: &Node) -> Option<String> {
    let own = node.label.split_once(" is refused: ").filter(|_| node.filter == "_ws.expert");
    let place = own.and_then(|(place, _)| Some(place.split_once("): ")?.1.to_owned()));
    place.or_else(|| node.children.iter().find_map(complaint))
}

impl Node {
    /// Its places counted from the start of a frame.
    fn from(mut self, start: usize) -> Self {
        self.at = self.at.wrapping_sub(start);
        self.children = self.children.into_iter().map(|child| child.from(start)).collect();
        self
    }
}

/// The elements of PDML, without what is around them.
fn parse(text: &str) -> Vec<Node> {
    let mut open: Vec<Node> = vec![Node::default()];
    for tag in text.split('<').skip(1) {
        let tag = tag.split('>').next().unwrap_or_default();
        if tag.starts_with("/field") || tag.starts_with("/proto") {
            let done = open.pop().expect("it was opened");
            open.last_mut().expect("a parent").children.push(done);
        } else if let Some(attributes) = tag.strip_prefix("field ").or_else(|| tag.strip_prefix("proto ")) {
            let node = node(attributes);
            if tag.ends_with('/') {
                open.last_mut().expect("a parent").children.push(node);
            } else {
                open.push(node);
            }
        }
    }
    open.remove(0).children
}

fn node(attributes: &str) -> Node {
    let text = |name: &str| {
        let value = attributes.split(&format!("{name}=\"")).nth(1).and_then(|rest| rest.split('"').next());
        let value = value.unwrap_or_default().replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
        value.replace("&apos;", "'").replace("&#x27;", "'").replace("&amp;", "&")
    };
    let hex = text(" value");
    let value = (0..hex.len() / 2).filter_map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).ok()).collect();
    let at = text(" pos").parse().unwrap_or_default();
    let filter =
        format!(" {attributes}").split(" name=\"").nth(1).and_then(|rest| rest.split('"').next()).map(str::to_owned);
    let label = text("showname");
    Node { filter: filter.unwrap_or_default(), label, show: text(" show"), value, at, children: Vec::new() }
}

// ── That it is the same ───────────────────────────────────────────────────────────────────────────────────────────

/// What differs, with the path to it.
fn compare(path: &str, expected: &[Json], seen: &[&Node], placed: bool, differences: &mut Vec<String>) {
    let shown: Vec<&&Node> = seen.iter().filter(|node| !is_beside(node)).collect();
    // Of what newer peers add nothing is shown where there is nothing.
    let expected: Vec<&Json> =
        expected.iter().filter(|field| !(field["name"] == "extensible" && field["length"] == 0)).collect();
    if expected.len() != shown.len() {
        let labels: Vec<&str> = shown.iter().map(|node| node.label.as_str()).collect();
        return differences.push(format!("{path}: {expected:?}, but tshark sees {labels:?}"));
    }
    for (field, node) in expected.iter().zip(shown) {
        let name = field["name"].as_str().unwrap_or_default();
        let path = format!("{path}.{name}");
        if !node.label.starts_with(name) && !node.show.starts_with(name) {
            differences.push(format!("{path}: tshark sees {}", node.label));
        }
        let (start, length) = (number(&field["offset"]), number(&field["length"]));
        if placed && !(start..=start + length).contains(&node.at) {
            differences.push(format!("{path}: at {start}, but tshark sees it at {}", node.at));
        }
        let inside: Vec<Json> = field["fields"].as_array().cloned().unwrap_or_default();
        // Where a pointer leads the decoder does not show.
        if node.label.contains(", at byte ") && field["length"] == 0 {
            continue;
        }
        let Some(value) = field.get("value") else {
            // Of a choice in a choice the decoder does not show the value that is no struct.
            let tag = inside.first().is_some_and(|first| first["name"] == "tag");
            let own: Vec<&Node> = node.children.iter().filter(|node| !is_beside(node)).collect();
            let seen = if tag && own.len() == inside.len() + 1 { &own[..inside.len()] } else { &own[..] };
            compare(&path, &inside, seen, placed, differences);
            continue;
        };
        // Of a union, the value of the arm stands in it, behind its tag.
        let own: Vec<&Node> = node.children.iter().filter(|node| !is_beside(node)).collect();
        let single = if own.is_empty() || value.is_array() { node } else { own[own.len() - 1] };
        if !inside.is_empty() && !value.is_array() && own.len() != inside.len() + 1 {
            differences.push(format!("{path}: {inside:?}, but tshark sees {own:?}"));
        }
        if !is_same(value, single) {
            differences.push(format!("{path}: {value}, but tshark sees {single:?}"));
        }
    }
}

fn number(json: &Json) -> usize {
    json.as_u64().and_then(|number| usize::try_from(number).ok()).unwrap_or_default()
}

/// What the decoder does not show by itself: numbers in front, expert information, the name of the message.
fn is_beside(node: &Node) -> bool {
    let filter = node.filter.as_str();
    let names_it = filter.ends_with(".message") && filter.matches('.').count() == 1;
    filter.ends_with("-size") || filter.ends_with("-count") || names_it || filter == "_ws.expert"
}

fn is_same(value: &Json, node: &Node) -> bool {
    let hex = || node.value.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let text = || String::from_utf8_lossy(&node.value).into_owned();
    let as_json = || serde_json::from_slice::<Json>(&node.value).is_ok_and(|found| found == *value);
    match value {
        Json::Bool(value) => node.show == if *value { "1" } else { "0" } || as_json(),
        Json::Number(number) if number.is_f64() => {
            let (expected, found) = (number.as_f64().unwrap_or_default(), node.show.parse::<f64>().unwrap_or(f64::NAN));
            (expected - found).abs() <= expected.abs() * 1e-5 || as_json()
        }
        // Of a typed body the decoder shows the members that the schema names, in its order.
        Json::Object(_) => {
            serde_json::from_slice::<Json>(&node.value).is_ok_and(|found| found.is_object() || found.is_array())
        }
        Json::Number(number) => node.show == number.to_string() || as_json(),
        // JSON of any depth is text for Wireshark; the decoder shows no more than serde does.
        Json::Null => as_json() || serde_json::from_slice::<Json>(&node.value).is_err(),
        Json::String(value) if value == "NaN" => node.show.ends_with("nan"),
        Json::Array(items) if items.iter().all(|item| item.as_array().is_some_and(|pair| pair.len() == 2)) => {
            let lines: Vec<String> =
                node.children.iter().map(|line| String::from_utf8_lossy(&line.value).into_owned()).collect();
            let mut left = lines.iter();
            let is_there = |pair: &Json| {
                let word = |at: usize| pair[at].as_str().unwrap_or_default();
                left.any(|line| line.starts_with(&format!("{}:", word(0))) && line.trim_end().ends_with(word(1)))
            };
            items.iter().all(is_there) || as_json()
        }
        Json::Array(items) => {
            let own: Vec<&Node> = node.children.iter().filter(|node| !is_beside(node)).collect();
            // Behind the tag of its union, if it has one.
            let own = &own[own.len().saturating_sub(items.len())..];
            items.len() == own.len() && items.iter().zip(own).all(|(item, node)| is_same(item, node)) || as_json()
        }
        Json::String(value) => {
            let variant = value.split('(').next().unwrap_or_default();
            let variant = if variant == "Other" { "Unknown" } else { variant };
            // Of a constant in capital or small letters the decoder shows what the schema says.
            let spelled = node.value.to_ascii_uppercase();
            let upper = |hex: &str| -> Option<Vec<u8>> {
                let byte = |at: usize| u8::from_str_radix(hex.get(2 * at..2 * at + 2)?, 16).ok();
                (0..hex.len() / 2).map(|at| Some(byte(at)?.to_ascii_uppercase())).collect()
            };
            hex() == *value
                || !spelled.is_empty() && upper(value).is_some_and(|bytes| bytes == spelled)
                || text().eq_ignore_ascii_case(value)
                || node.show == *value
                || node.show.eq_ignore_ascii_case(value)
                || node.label.contains(&format!(": {variant} ("))
                || node.label.ends_with(&format!(" ({variant})"))
                || as_json()
        }
    }
}

fn check(name: &str, schema_path: &Path, size: usize, conversations: &[Conversation]) -> (usize, Vec<String>) {
    let schema = load(schema_path);
    let file = folder().join(format!("{name}-{size}.pcap"));
    fs::write(&file, capture(conversations, size)).expect("a writable folder");
    let dissector = folder().join(format!("{name}-{size}.lua"));
    let made = wm_schema::dissect::dissector(&schema, &format!("{name}.wm"));
    fs::write(&dissector, &made.code).expect("a writable folder");
    let prefix = prefix(name);
    let expected = match schema.session {
        Some(_) => session_sees(schema_path, &schema, conversations),
        None => schema_sees(schema_path, &file),
    };
    let seen = tshark_sees(&dissector, &file, &prefix);
    let recovers = schema.messages.iter().any(|message| !message.recover.is_empty());
    let is_unchecked = |frame: &Json| {
        let field = frame["error"]["field"].as_str().unwrap_or("none");
        made.notes.iter().any(|note| note.contains(&format!("checksum `{field}` is not checked")))
    };
    let mut differences = Vec::new();
    let mut count = 0;
    let all: BTreeSet<_> = expected.keys().chain(seen.keys()).copied().collect();
    for ports in all {
        let (one, other) =
            (expected.get(&ports).map_or(&[][..], Vec::as_slice), seen.get(&ports).map_or(&[][..], Vec::as_slice));
        if one.iter().any(|frame| frame == DEEP) {
            continue;
        }
        let what = |at: usize| format!("{name}, {} to {}, message {at}", ports.0, ports.1);
        let names =
            |seen: &[Seen]| seen.iter().map(|seen| format!("{} {:?}", seen.name, seen.refused)).collect::<Vec<_>>();
        // What is not complete, tshark waits for; unless its first bytes start no message at all.
        let (last, whole) = one.split_last().filter(|(last, _)| last.get("missing").is_some()).unzip();
        let one = whole.unwrap_or(one);
        if last.is_some() && other.len() == one.len() + 1 && other[one.len()].refused.is_some() {
            continue;
        }
        // A search that has not ended is not told of either; JSON that is none is not seen to be.
        let lasts = |fault: &dyn Fn(&Json) -> bool| one.last().is_some_and(|last| fault(&last["error"]));
        let searched = recovers && lasts(&|error| !error.is_null()) && other.len() + 1 == one.len();
        let unchecked = lasts(&|error| error["fault"] == "Json") && other.len() > one.len();
        let (one, other) = match (searched, unchecked) {
            (true, _) => (&one[..other.len()], other),
            (_, true) => (one, &other[..one.len()]),
            _ => (one, other),
        };
        if one.len() != other.len() {
            let mine: Vec<String> =
                one.iter().map(|frame| format!("{} {}", frame["message"], frame["error"])).collect();
            differences.push(format!("{}: {mine:?}, but tshark sees {:?}", what(0), names(other)));
            continue;
        }
        for (at, (frame, message)) in one.iter().zip(other).enumerate() {
            count += 1;
            if is_unchecked(frame) {
                break;
            }
            compare_message(&what(at), &schema, frame, message, &mut differences);
        }
    }
    (count, differences)
}

fn compare_message(what: &str, schema: &Schema, frame: &Json, seen: &Seen, differences: &mut Vec<String>) {
    let refused = frame
        .get("error")
        .map(|wrong| format!("{} at byte {}", wrong["field"].as_str().unwrap_or_default(), wrong["offset"]));
    // Which message a stranger is no message of, each says in its own way.
    let of_side = seen.refused.as_ref().is_some_and(|place| place.starts_with(&format!("{}.", schema.name)));
    let of_json = frame["error"]["fault"] == "Json";
    if refused.is_some() != seen.refused.is_some() && !of_json || !of_side && !of_json && refused != seen.refused {
        return differences.push(format!("{what}: {refused:?}, but tshark says {:?}", seen.refused));
    }
    if refused.is_some() {
        return;
    }
    if frame["message"] != seen.name {
        return differences.push(format!("{what}: {}, but tshark sees {}", frame["message"], seen.name));
    }
    let is_enveloped = schema.messages.iter().any(|message| message.envelope().is_some());
    // What is undone has places of its own.
    let undone = |field: &Field| matches!(&field.ty, Type::Bytes(Bytes { via: Some(_), .. }));
    let layouts = schema.messages.iter().map(|message| &message.layout).chain(&schema.structs);
    let transforms = layouts.flat_map(|layout| &layout.fields).any(undone);
    let fields = frame["fields"].as_array().cloned().unwrap_or_default();
    compare(what, &fields, &seen.fields.iter().collect::<Vec<_>>(), !is_enveloped && !transforms, differences);
}

/// The names that Wireshark has given away.
fn taken() -> &'static BTreeSet<String> {
    static TAKEN: OnceLock<BTreeSet<String>> = OnceLock::new();
    TAKEN.get_or_init(|| {
        let output =
            Command::new("tshark").args(["-G", "protocols"]).stdin(Stdio::null()).output().expect("tshark starts");
        let page = String::from_utf8_lossy(&output.stdout).into_owned();
        page.lines().filter_map(|line| Some(line.split('\t').nth(2)?.to_owned())).collect()
    })
}

/// The name of a protocol in filters.
fn prefix(name: &str) -> String {
    if taken().contains(name) { format!("wm_{name}") } else { name.to_owned() }
}

/// The schemas whose names start so.
fn check_all(letters: std::ops::RangeInclusive<char>) {
    if !has_tshark() {
        return;
    }
    let (mut all, mut differences) = (0, Vec::new());
    let in_letters = |name: &str| name.chars().next().is_some_and(|letter| letters.contains(&letter));
    for (name, path) in schemas().into_iter().filter(|(name, _)| in_letters(name)) {
        let schema = load(&path);
        // The dissector says aloud that it does not know these: `decode`, which asks them, is told more.
        if !schema.externs.is_empty() || schema.session.as_ref().is_some_and(|session| !session.variables.is_empty()) {
            continue;
        }
        for size in [1, 7] {
            // Each byte a segment; and pieces of two messages, one behind the other.
            let mut conversations = conversations(&name, &schema);
            if size > 1 && schema.session.is_none() {
                conversations
                    .iter_mut()
                    .for_each(|said| said.iter_mut().for_each(|(_, bytes)| *bytes = bytes.repeat(2)));
            }
            let (count, found) = check(&name, &path, size, &conversations);
            assert!(count > 0, "{name}: no message");
            all += count;
            differences.extend(found);
        }
    }
    assert!(differences.is_empty(), "{} differences in {all} messages:\n{}", differences.len(), differences.join("\n"));
    assert!(all > 100, "{all} messages");
}

#[test]
fn tshark_sees_what_decode_sees_from_a_to_c() {
    check_all('a'..='c');
}

#[test]
fn tshark_sees_what_decode_sees_from_d_to_m() {
    check_all('d'..='m');
}

#[test]
fn tshark_sees_what_decode_sees_from_n_to_s() {
    check_all('n'..='s');
}

#[test]
fn tshark_sees_what_decode_sees_from_t_to_z() {
    check_all('t'..='z');
}

/// Every schema has a dissector, in which nothing is left out of which is not told; and no bytes break it.
#[test]
fn no_dissector_fails_whatever_comes() {
    if !has_tshark() {
        return;
    }
    for (name, path) in schemas() {
        let schema = load(&path);
        // Of what is written in Rust the dissector says aloud what it leaves out.
        if !schema.externs.is_empty() {
            continue;
        }
        let good = made_up(&schema);
        // Each message with a byte of it turned over, one place after the other, and what is no message at all.
        let mut state = 1u32;
        let mut random = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0]
        };
        let mut conversations: Vec<Conversation> = Vec::new();
        for (side, bytes) in good.into_iter().filter(|(_, bytes)| bytes.len() < 4000) {
            for at in 0..bytes.len().min(8) {
                let mut bytes = bytes.clone();
                bytes[at] ^= 1 << (random() % 8);
                bytes.extend((0..16).map(|_| random()));
                conversations.push(vec![(side, bytes)]);
            }
            conversations.push(vec![(side, (0..64).map(|_| random()).collect())]);
        }
        let file = folder().join(format!("{name}-hostile.pcap"));
        fs::write(&file, capture(&conversations, 40)).expect("a writable folder");
        let dissector = folder().join(format!("{name}-hostile.lua"));
        let made = wm_schema::dissect::dissector(&schema, &format!("{name}.wm"));
        fs::write(&dissector, &made.code).expect("a writable folder");
        let seen = tshark_sees(&dissector, &file, &prefix(&name));
        assert!(!seen.is_empty(), "{name}");
        let left_out: Vec<&String> = made.notes.iter().filter(|note| note.contains("is not dissected")).collect();
        assert!(left_out.is_empty(), "{name}: {left_out:?}");
    }
}

/// A datagram is a message: one that is cut, or has more in it, is told of.
#[test]
fn datagrams_are_messages() {
    if !has_tshark() {
        return;
    }
    let name = "upload";
    let schema = load(&root().join("tests/schemas/upload.wm"));
    let whole = b"****\0\0\0\x0c\x02ab\xff".as_slice();
    let more = [whole, b"more"].concat();
    let packets = [whole, &whole[..9], &more].map(|bytes| datagram([20000, PORT], true, bytes));
    let file = folder().join("datagrams.pcap");
    fs::write(&file, pcap(RAW, &packets)).expect("a writable folder");
    let dissector = folder().join("datagrams.lua");
    fs::write(&dissector, wm_schema::dissect::dissector(&schema, "upload.wm").code).expect("a writable folder");
    let page = tshark(&dissector, &file, &prefix(name), &["-V"]);
    assert_eq!(page.matches("name: ab").count(), 2, "{page}");
    assert!(page.contains("the datagram ends here, at least 3 bytes are missing"), "{page}");
    assert!(page.contains("4 bytes too many in the datagram"), "{page}");
}

/// What is a datagram by its schema ends where that does.
#[test]
fn a_protocol_of_datagrams_is_dissected() {
    if !has_tshark() {
        return;
    }
    let schema = load(&root().join("tests/schemas/beacon.wm"));
    let seek = b"\0\x01\x02\x03abc".as_slice();
    let long = [seek, &[0; 1024]].concat();
    let hidden = b"\x01\0\x01\x01\0\0\0\x94\x95ii".as_slice();
    let asked = [seek, &seek[..6], &long].map(|bytes| datagram([20000, PORT], true, bytes));
    let packets = [&asked[..], &[datagram([PORT, 20000], false, hidden)]].concat();
    let file = folder().join("beacon.pcap");
    fs::write(&file, pcap(RAW, &packets)).expect("a writable folder");
    let dissector = folder().join("beacon.lua");
    fs::write(&dissector, wm_schema::dissect::dissector(&schema, "beacon.wm").code).expect("a writable folder");
    let page = tshark(&dissector, &file, &prefix("beacon"), &["-V"]);
    assert_eq!(page.matches("name: abc").count(), 1, "{page}");
    assert!(page.contains("1031 is over the limit of 1024"), "{page}");
    assert!(page.contains("note: hi"), "{page}");
    assert_eq!(page.matches("Group: Malformed").count(), 2, "{page}");
}

/// What stands where a pointer leads is shown there.
#[test]
fn pointers_are_followed() {
    if !has_tshark() {
        return;
    }
    let path = root().join("tests/schemas/dns_tcp.wm");
    let hex = "0025123481800001000100000000037777770000010001c00c000100010000003c00047f000001";
    let bytes: Vec<u8> =
        (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).expect("hexadecimal")).collect();
    let file = folder().join("pointers.pcap");
    fs::write(&file, capture(&[vec![(Side::Server, bytes)]], 9)).expect("a writable folder");
    let dissector = folder().join("pointers.lua");
    fs::write(&dissector, wm_schema::dissect::dissector(&load(&path), "dns_tcp.wm").code).expect("a writable folder");
    let page = tshark(&dissector, &file, &prefix("dns_tcp"), &["-V"]);
    let (_, there) = page.split_once("to: Name, at byte 14").unwrap_or_else(|| panic!("{page}"));
    assert_eq!((page.matches("text: 777777").count(), there.matches("text: 777777").count()), (2, 1), "{page}");
}
