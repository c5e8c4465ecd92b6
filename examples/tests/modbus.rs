//! The device on Modbus/TCP, with `mbpoll`.

#[allow(dead_code, reason = "the tests of the other examples use the rest of it")]
mod support;

use std::process::Command;
use support::{Server, have};

fn device() -> Option<Server> {
    have("mbpoll").then(|| Server::start(env!("CARGO_BIN_EXE_modbus"), "modbus://127.0.0.1:0", &[]))
}

/// What `mbpoll` says of the device, with the lines of values without their blanks. `values` are written; without them it
/// reads once.
fn poll(device: &Server, arguments: &[&str], values: &[&str]) -> String {
    let once: &[&str] = if values.is_empty() { &["-1"] } else { &[] };
    let output = Command::new("timeout")
        .args(["20", "mbpoll", "-m", "tcp", "-p", &device.port(), "-o", "10"])
        .args(arguments)
        .args(once)
        .arg("127.0.0.1")
        .args(values)
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].map(|said| String::from_utf8(said).unwrap()).concat();
    let words = said.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    let values = words.filter(|line| line.starts_with('[') || line.contains("Written") || line.contains("failed"));
    values.collect::<Vec<_>>().join("\n")
}

#[test]
fn registers_are_written_and_read() {
    let Some(device) = device() else { return };
    let registers = ["-t", "4:hex", "-r", "1"];
    assert_eq!(poll(&device, &[&registers[..], &["-c", "2"]].concat(), &[]), "[1]: 0x0000\n[2]: 0x0000");
    assert_eq!(poll(&device, &registers, &["0x1234", "0xFFFF", "7"]), "Written 3 references.");
    assert_eq!(poll(&device, &["-t", "4:hex", "-r", "2"], &["0xBEEF"]), "Written 1 references.");
    assert_eq!(poll(&device, &[&registers[..], &["-c", "3"]].concat(), &[]), "[1]: 0x1234\n[2]: 0xBEEF\n[3]: 0x0007");
    let all = poll(&device, &["-t", "4", "-r", "876", "-c", "125"], &[]);
    assert_eq!((all.lines().count(), all.lines().last()), (125, Some("[1000]: 0")));
}

#[test]
fn coils_are_written_and_read() {
    let Some(device) = device() else { return };
    let written = ["1", "0", "1", "1", "0", "0", "0", "1", "1", "0", "1"];
    assert_eq!(poll(&device, &["-t", "0", "-r", "20"], &written), "Written 11 references.");
    assert_eq!(poll(&device, &["-t", "0", "-r", "21"], &["1"]), "Written 1 references.");
    let read = poll(&device, &["-t", "0", "-r", "19", "-c", "13"], &[]);
    let expected = "0 1 1 1 1 0 0 0 1 1 0 1 0".split(' ').zip(19..).map(|(coil, at)| format!("[{at}]: {coil}"));
    assert_eq!(read, expected.collect::<Vec<_>>().join("\n"));
}

#[test]
fn what_the_device_has_not_is_refused() {
    let Some(device) = device() else { return };
    let outside = poll(&device, &["-t", "4", "-r", "1000", "-c", "2"], &[]);
    assert!(outside.contains("Illegal data address"), "{outside}");
    let outside = poll(&device, &["-t", "0", "-r", "1001"], &["1"]);
    assert!(outside.contains("Illegal data address"), "{outside}");
    let inputs = poll(&device, &["-t", "3", "-r", "1"], &[]);
    assert!(inputs.contains("Illegal function"), "{inputs}");
}

#[test]
fn what_is_no_modbus_is_refused() {
    let mut device = Server::start(env!("CARGO_BIN_EXE_modbus"), "modbus://127.0.0.1:0", &[]);
    assert_eq!(device.ask(b"GET / HTTP/1.1\r\n\r\n"), "");
    device.err.wait_for("HTTP request");
}
