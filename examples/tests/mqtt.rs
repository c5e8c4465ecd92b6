//! The MQTT broker, with `mosquitto_pub` and `mosquitto_sub`.

#[allow(dead_code, reason = "the tests of the other examples use the rest of it")]
mod support;

use std::process::{Command, Output};
use support::{Client, Server, have};

fn broker() -> Option<Server> {
    (have("mosquitto_pub") && have("mosquitto_sub"))
        .then(|| Server::start(env!("CARGO_BIN_EXE_mqtt"), "mqtt://127.0.0.1:0", &[]))
}

/// A client of the broker that ends within its time.
fn mosquitto(program: &str, broker: &Server, arguments: &[&str]) -> Output {
    let mut command = Command::new("timeout");
    command.args(["20", program, "-h", "127.0.0.1", "-p", &broker.port()]).args(arguments).output().unwrap()
}

/// A subscriber whose subscriptions the broker has acknowledged.
fn subscriber(broker: &Server, arguments: &[&str]) -> Client {
    // It becomes what it starts, which so is what is ended with the test.
    let mut command = Command::new("stdbuf");
    command.args(["-oL", "mosquitto_sub", "-h", "127.0.0.1", "-p", &broker.port(), "-V", "mqttv311", "-v", "-d"]);
    let mut subscriber = Client::start(command.args(arguments));
    subscriber.out.wait_for("Subscribed");
    subscriber
}

fn publish(broker: &Server, arguments: &[&str]) -> Output {
    let arguments = [&["-V", "mqttv311"], arguments].concat();
    let output = mosquitto("mosquitto_pub", broker, &arguments);
    assert!(output.status.success(), "mosquitto_pub {arguments:?}: {output:?}");
    output
}

#[test]
fn what_is_published_reaches_those_who_subscribed() {
    let Some(broker) = broker() else { return };
    let mut one_level = subscriber(&broker, &["-t", "home/+/temperature", "-q", "1"]);
    let mut all = subscriber(&broker, &["-t", "home/#", "-t", "garden"]);
    for (topic, text, qos) in
        [("home/attic/temperature", "21.5", "0"), ("home/cellar/temperature", "9", "1"), ("home", "in", "2")]
    {
        publish(&broker, &["-t", topic, "-m", text, "-q", qos]);
    }
    publish(&broker, &["-t", "garden", "-m", "last"]);
    one_level.out.wait_for("home/attic/temperature 21.5");
    let second = one_level.out.wait_for_any(&["home/cellar/temperature 9", "home in"]);
    assert_eq!(second, "home/cellar/temperature 9");
    for said in ["home/attic/temperature 21.5", "home/cellar/temperature 9", "home in", "garden last"] {
        all.out.wait_for(said);
    }
}

#[test]
fn what_is_retained_is_there_for_those_who_come_later() {
    let Some(broker) = broker() else { return };
    publish(&broker, &["-t", "a/kept", "-m", "old", "-r"]);
    publish(&broker, &["-t", "a/kept", "-m", "new", "-r", "-q", "1"]);
    publish(&broker, &["-t", "a/gone", "-m", "soon", "-r"]);
    publish(&broker, &["-t", "a/gone", "-n", "-r"]);
    publish(&broker, &["-t", "a/passing", "-m", "by"]);
    // It leaves by itself when nobody has said anything for a second; what is retained comes at once.
    let output = mosquitto("mosquitto_sub", &broker, &["-V", "mqttv311", "-t", "a/#", "-W", "1", "-F", "%t %p %r %q"]);
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "a/kept new 1 0\n");
}

#[test]
fn a_large_message_arrives_whole() {
    let Some(broker) = broker() else { return };
    let text = "x".repeat(100_000);
    let mut reader = subscriber(&broker, &["-t", "large", "-q", "1"]);
    publish(&broker, &["-t", "large", "-m", &text, "-q", "1"]);
    assert_eq!(reader.out.wait_for("large x").len(), "large ".len() + text.len());
}

#[test]
fn whoever_leaves_without_a_word_has_a_last_will() {
    let Some(broker) = broker() else { return };
    let mut heir = subscriber(&broker, &["-t", "wills/#"]);
    let will = ["--will-topic", "wills/a", "--will-payload", "gone", "-i", "same", "-t", "a"];
    let first = subscriber(&broker, &will);
    // It does not come back, as the client of the same name would.
    drop(first);
    heir.out.wait_for("wills/a gone");
    // One that says so leaves none.
    let will = ["--will-topic", "wills/b", "--will-payload", "gone", "-t", "b", "-m", "x"];
    publish(&broker, &will);
    publish(&broker, &["-t", "wills/c", "-m", "end"]);
    assert_eq!(heir.out.wait_for_any(&["wills/b gone", "wills/c end"]), "wills/c end");
}

#[test]
fn another_version_is_refused() {
    let Some(broker) = broker() else { return };
    let output = mosquitto("mosquitto_pub", &broker, &["-V", "mqttv5", "-t", "a", "-m", "x"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("Unsupported Protocol Version"), "{output:?}");
    let output = mosquitto("mosquitto_pub", &broker, &["-V", "mqttv31", "-t", "a", "-m", "x"]);
    assert!(!output.status.success(), "{output:?}");
}
