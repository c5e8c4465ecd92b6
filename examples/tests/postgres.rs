//! The server of PostgreSQL's protocol, with `psql`.

#[allow(dead_code, reason = "the tests of the other examples use the rest of it")]
mod support;

use std::process::{Command, Output};
use support::{Server, have};

fn server(more: &[&str]) -> Option<Server> {
    have("psql").then(|| Server::start(env!("CARGO_BIN_EXE_postgres"), "postgres://127.0.0.1:0", more))
}

fn psql(server: &Server, password: &str, commands: &[&str]) -> Output {
    let mut psql = Command::new("timeout");
    psql.args([
        "20",
        "psql",
        "-X",
        "-A",
        "-h",
        "127.0.0.1",
        "-p",
        &server.port(),
        "-U",
        "tom",
        "-d",
        "wm",
        "--no-password",
    ]);
    for command in commands {
        psql.args(["-c", command]);
    }
    // Settings of whoever runs the test must not change what it says.
    psql.env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("LC_ALL", "C.UTF-8")
        .env("PGPASSWORD", password);
    psql.output().unwrap()
}

/// What psql prints of what succeeds.
fn says(server: &Server, commands: &[&str]) -> String {
    let output = psql(server, "secret", commands);
    assert!(output.status.success(), "psql {commands:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn psql_asks_for_rows() {
    let Some(server) = server(&[]) else { return };
    assert_eq!(says(&server, &["SELECT 1"]), "?column?\n1\n(1 row)\n");
    assert_eq!(
        says(&server, &["select 42 as answer, 'it''s; ü' AS said, NULL AS none"]),
        "answer|said|none\n42|it's; ü|\n(1 row)\n"
    );
    assert_eq!(
        says(&server, &["\\pset null -", "TABLE planets"]),
        "Null display is \"-\".\nname|moons\nMercury|0\nEarth|1\nVulcan|-\n(3 rows)\n"
    );
    assert_eq!(says(&server, &["SELECT 1", "", "SELECT 2; SELECT 3"]).matches("(1 row)").count(), 3);
    let long = "x".repeat(100_000);
    assert!(says(&server, &[&format!("SELECT '{long}'")]).contains(&long));
}

#[test]
fn a_wrong_query_is_an_error_and_the_connection_goes_on() {
    let Some(server) = server(&[]) else { return };
    let output = psql(&server, "secret", &["SELECT 6 * 7", "SELECT 8"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("ERROR:  syntax error"), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "?column?\n8\n(1 row)\n");
}

#[test]
fn a_guest_has_a_password() {
    let Some(server) = server(&["--guest", "tom:secret"]) else { return };
    assert_eq!(says(&server, &["SELECT 1"]), "?column?\n1\n(1 row)\n");
    let output = psql(&server, "wrong", &["SELECT 1"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("password authentication failed for user \"tom\""), "{output:?}");
}

#[test]
fn what_is_not_known_is_refused_in_words() {
    let mut server = Server::start(env!("CARGO_BIN_EXE_postgres"), "postgres://127.0.0.1:0", &[]);
    // A startup of version 2, and then a `Parse`, which the simple query has not.
    assert!(server.ask(b"\0\0\0\x12\0\x02\0\0user\0tom\0\0").contains("FATAL"));
    server.err.wait_for("Startup.code");
    let said = server.ask(b"\0\0\0\x12\0\x03\0\0user\0tom\0\0P\0\0\0\x08\0a\0\0");
    assert!(said.contains("FATAL") && said.contains("08P01"), "{said:?}");
}
