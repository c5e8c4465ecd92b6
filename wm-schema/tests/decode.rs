//! `wm-schema decode`, the real command: what it says of good frames, of cut ones, and of strangers.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use wm_schema::ir::{Expect, Side};

fn schema(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/schemas").join(name).with_extension("wm")
}

struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

fn decode(name: &str, arguments: &[&str], input: &[u8]) -> Ran {
    let mut child = Command::new(env!("CARGO_BIN_EXE_wm-schema"))
        .arg("decode")
        .arg(schema(name))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    // It may end without reading its input.
    let _ = child.stdin.take().expect("its input").write_all(input);
    let output = child.wait_with_output().expect("it ends");
    let text = |bytes| String::from_utf8(bytes).expect("output is UTF-8");
    Ran { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

#[test]
fn each_field_stands_beside_its_bytes() {
    let hex = "2a2a2a2a 00000018 05 612e747874 68656c6c6f20776f726c  2a2a2a2a 00000009 00";
    let ran = decode("upload", &["--hex", hex], b"");
    let expected = r#"Upload: 24 bytes, at 0
     0  2a 2a 2a 2a              "****"  "****"
     4  00 00 00 18              total   24
     8  05                       name    5 bytes follow
     9  61 2e 74 78 74                   "a.txt"
    14  68 65 6c 6c 6f 20 77 6f  data    "hello worl"
    22  72 6c
Upload: 9 bytes, at 24
     0  2a 2a 2a 2a              "****"  "****"
     4  00 00 00 09              total   9
     8  00                       name    0 bytes follow
     9                           data    ""
"#;
    assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (Some(0), expected, ""));
}

#[test]
fn what_stands_in_an_envelope_is_shown_without_it() {
    let ran = decode("slip", &["--client", "--hex", "c0 01 02 61 62 db dc db dd c0"], b"");
    let expected = r#"Packet from the client: 10 bytes, at 0
        in its envelope, 6 bytes
     0  01                       kind  1
     1  02                       len   2
     2  61 62                    name  "ab"
     4  c0 db                    data  "\xc0\xdb"
"#;
    assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (Some(0), expected, ""));
    let ran = decode("slip", &["--client", "--hex", "c0 01 02 61 db dc db dd c0"], b"");
    let expected = r#"Packet from the client: refused, at 0
        in its envelope, 5 bytes
     0  01                       kind  1
     1  02                       len   2
     2  61 c0 db                 name
           ^^
"#;
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), expected));
    assert!(ran.err.contains("Packet.name at byte 4 is refused"), "counted as it was received: {}", ran.err);
    let ran = decode("slip", &["--client", "--hex", "01 00 db 00 c0"], b"");
    let expected = r#"Packet from the client: refused, at 0
     0  01 00 db 00 c0           frame
                 ^^
"#;
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), expected));
}

#[test]
fn a_frame_that_is_cut_says_what_is_missing() {
    let ran = decode("upload", &["--hex", "2a2a2a2a", "0000000d", "01", "61", "62"], b"");
    let expected = r#"Upload: 11 bytes of a longer frame, at 0
     0  2a 2a 2a 2a              "****"  "****"
     4  00 00 00 0d              total   13
     8  01                       name    1 byte follows
     9  61                               "a"
    10  62                       data    "b"
"#;
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), expected));
    assert_eq!(ran.err, "incomplete: at least 2 more bytes are needed\n");
}

#[test]
fn a_bad_byte_is_marked_and_its_line_is_shown() {
    let ran = decode("upload", &["--hex", "2a2a2a2a 0000000b 02 61 ff"], b"");
    assert_eq!(ran.code, Some(1));
    let expected = r#"Upload: refused, at 0
     0  2a 2a 2a 2a              "****"  "****"
     4  00 00 00 0b              total   11
     8  02 61 ff                 name
              ^^
"#;
    assert_eq!(ran.out, expected);
    assert!(ran.err.starts_with("error: Upload.name at byte 10 is refused\n"), "{}", ran.err);
    assert!(ran.err.contains("upload.wm:8:5") && ran.err.contains("8 |     name:  str[u8]"), "{}", ran.err);
    assert!(ran.err.contains("^^^^^^^^^^^^^^ not UTF-8"), "{}", ran.err);
}

#[test]
fn strangers_are_guessed_at() {
    let hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";
    let ran = decode("upload", &["--file", "-"], hello);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("help: this looks like a TLS ClientHello"), "{}", ran.err);
    let request = decode("binary_transfer", &["--file", "-", "--client"], b"GET / HTTP/1.1\r\n\r\n");
    assert!(request.err.ends_with("needed; this looks like an HTTP request\n"), "{}", request.err);
}

#[test]
fn sides_and_messages_can_be_said() {
    let bytes = ["--hex", "00 00 00 05 00"];
    let ran = |more: &[&str]| decode("binary_transfer", &[&bytes[..], more].concat(), b"");
    for more in [&[][..], &["--client"], &["--message", "Upload"]] {
        assert!(ran(more).out.starts_with("Upload from the client: 5 bytes, at 0\n"), "{more:?}: {}", ran(more).out);
    }
    assert!(ran(&["--server"]).out.starts_with("Done from the server: 5 bytes of a longer frame"));
    let wrong = ran(&["--message", "Uplaod"]);
    assert_eq!(wrong.code, Some(2));
    assert!(wrong.err.contains("there is no message `Uplaod` in"), "{}", wrong.err);
    assert!(wrong.err.contains("there is `Upload` and `Done`"), "{}", wrong.err);
    assert_eq!(ran(&["--client", "--server"]).code, Some(2));
}

#[test]
fn bytes_come_from_files_too() {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("decode.bin");
    fs::write(&path, "saved\nagain\n").expect("a writable folder");
    let ran = decode("binary_transfer", &["--server", "--file", path.to_str().expect("UTF-8")], b"");
    let expected = "\
Done from the server: 6 bytes, at 0
     0  73 61 76 65 64           text  \"saved\"
     5  0a                             ends it
Done from the server: 6 bytes, at 6
     0  61 67 61 69 6e           text  \"again\"
     5  0a                             ends it
";
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), expected));
}

#[test]
fn tools_get_a_line_for_each_frame() {
    let ran = decode("upload", &["--json", "--hex", "2a2a2a2a 0000000b 01 61 ff 2a2a2a2a 00000008"], b"");
    let expected = concat!(
        r#"{"offset":0,"length":11,"message":"Upload","fields":[{"name":"\"****\"","offset":0,"length":4,"value":"2a2a2a2a"},"#,
        r#"{"name":"total","offset":4,"length":4,"value":11},{"name":"name","offset":8,"length":2,"value":"a"},"#,
        r#"{"name":"data","offset":10,"length":1,"value":"ff"}]}"#,
        "\n",
    );
    assert!(ran.out.starts_with(expected), "{}", ran.out);
    let error = r#""error":{"field":"Upload.total","offset":4,"fault":"TooShort","text":"8 is too short, it must be at least 9","line":7,"bytes":"2a 2a 2a 2a 00 00 00 08"}}"#;
    assert!(ran.out.trim_end().ends_with(error), "{}", ran.out);
    assert_eq!((ran.code, ran.err.as_str()), (Some(1), ""));
}

#[test]
fn what_are_no_bytes_is_said() {
    for (arguments, said) in [
        (&["--hex", "0g"][..], "`g` in `0g` is no hexadecimal digit"),
        (&["--hex", ""], "there are no bytes to decode"),
        (&["--file", "/no/such/file"], "cannot read /no/such/file: No such file or directory"),
        (&[], "Usage"),
        (&["--hex", "00", "--file", "-"], "cannot be used with"),
    ] {
        let ran = decode("upload", arguments, b"");
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(ran.err.contains(said), "{arguments:?}: {}", ran.err);
    }
}

#[test]
fn any_bytes_end_well() {
    // Every schema, with bytes of no protocol, and with every cut of the bytes of another.
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/schemas");
    let names: Vec<String> = fs::read_dir(folder)
        .expect("a folder of schemas")
        .filter_map(|entry| Some(entry.ok()?.path().file_stem()?.to_str()?.to_owned()))
        .collect();
    for name in names {
        for bytes in [&[0xff; 100][..], &[0; 100], b"GET / HTTP/1.1\r\n", b"0000000001\n\r\n\0\x01"] {
            let ran = decode(&name, &["--file", "-"], bytes);
            assert!(matches!(ran.code, Some(0 | 1)), "{name}: {:?} {}", ran.code, ran.err);
            let json = decode(&name, &["--file", "-", "--json"], bytes);
            assert!(json.out.lines().all(|line| line.starts_with('{') && line.ends_with('}')), "{name}: {}", json.out);
        }
    }
}

#[test]
fn a_brief_message_is_what_the_schema_would_write() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/schemas");
    let beside = Path::new(env!("CARGO_TARGET_TMPDIR")).join("shared");
    fs::create_dir_all(&beside).expect("a folder beside the schemas that are written");
    for entry in fs::read_dir(folder.join("../shared")).expect("what schemas import") {
        let path = entry.expect("a readable folder").path();
        fs::copy(&path, beside.join(path.file_name().expect("a name"))).expect("a file that can be written");
    }
    let mut written = 0;
    for entry in fs::read_dir(folder).expect("a folder of schemas") {
        let path = entry.expect("a readable folder").path();
        let source = fs::read_to_string(&path).expect("a schema");
        let draft = wm_schema::dsl::read_file(&source, &path).draft.expect("a good schema");
        let schema = wm_schema::resolve::resolve(&draft).schema.expect("a checked schema");
        let name = path.file_stem().and_then(|name| name.to_str()).expect("a name");
        let mut briefs = String::new();
        // A test is a conversation where there is a session.
        for test in &schema.tests {
            let mut cases = String::new();
            for case in &test.cases {
                if !matches!(case.expect, Expect::Equals(_) | Expect::Decodes(_)) {
                    continue;
                }
                let hex: String = case.bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                let message = &schema.messages[case.message.expect("a whole message")].layout.name;
                let side = if case.from == Side::Client { "client" } else { "server" };
                let sent = format!("--{side}");
                let brief = decode(name, &["--brief", "--message", message, &sent, "--hex", &hex], b"").out;
                // What is too long for a line is cut.
                if !brief.contains('…') {
                    cases.push_str(&format!("    {side} hex \"{hex}\" decodes {brief}"));
                    written += 1;
                }
            }
            briefs.push_str(&format!("\ntest \"brief\" {{\n{cases}}}\n"));
        }
        let source = source.replace("\"../shared/", "\"shared/") + &briefs;
        let checked = scratch(name, &source);
        let ran = Command::new(env!("CARGO_BIN_EXE_wm-schema")).arg("test").arg(checked).output().expect("it starts");
        let said = String::from_utf8_lossy(&ran.stdout).into_owned() + &String::from_utf8_lossy(&ran.stderr);
        assert_eq!(ran.status.code(), Some(0), "{name}: {said}");
    }
    assert!(written > 20, "{written} messages");
}

fn scratch(name: &str, source: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("brief_{name}.wm"));
    fs::write(&path, source).expect("a writable folder");
    path
}

#[test]
fn behind_a_bad_frame_it_goes_on_as_the_schema_says() {
    let hex = "2a2a 05 01 00 00 ff 00  2d2d  2a2a 06 01 07 01 61 62 04";
    let ran = decode("recover", &["--brief", "--hex", hex], b"");
    assert_eq!(ran.code, Some(1));
    assert!(ran.out.ends_with("Sample { level: 7, name: \"a\", note: \"b\" }\n"), "{}", ran.out);
    assert!(ran.err.contains("Sample.note at byte 6 is refused"), "{}", ran.err);
    assert!(ran.err.contains("8 bytes are thrown away: the next frame starts at 8"), "{}", ran.err);
    assert!(ran.err.contains("2 bytes are thrown away: the next frame starts at 10"), "{}", ran.err);
    let ran = decode("recover", &["--brief", "--hex", "2a2a 02", hex], b"");
    assert_eq!((ran.code, ran.out.contains("level: 7")), (Some(1), false), "nothing is read behind what closes");
}
