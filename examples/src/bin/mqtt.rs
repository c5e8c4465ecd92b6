//! A small MQTT broker: what is published reaches whoever has subscribed to its topic. `mosquitto_pub` and `mosquitto_sub`
//! are its clients.
//!
//! You learn: `proto/mqtt.wm`, where both sides speak at any time; how a handler reaches the connections that a message is
//! for; and a last will, which is published when a connection ends without a word.
//!
//! ```text
//! cargo run --bin mqtt
//! mosquitto_sub -V mqttv311 -t 'home/+/temperature' -v
//! mosquitto_pub -V mqttv311 -t home/attic/temperature -m 21.5 -q 1 -r
//! ```
//!
//! You see: `home/attic/temperature 21.5`, and again whenever somebody subscribes: it is retained. A session ends with its
//! connection, and is never there before.

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;
use std::time::{Duration, Instant};
use wm_core::{Connection, Context, Handler, Worker, run_all, wire::List};
use wm_examples::proto::mqtt::{
    ClientMessage, ConnAck, Connect, ConnectCode, ConnectLogin, Login, PingResp, PubAck, PubComp, PubRec, Publish,
    Server, SubAck, SubCode, Subscribe, UnsubAck,
};

type Client<'w> = Connection<'w, Server, Session>;

/// What is known of a client.
#[derive(Default)]
struct Session {
    client_id: String,
    /// What it wants to hear, and how surely: at most once (0), or at least once (1).
    filters: BTreeMap<String, u8>,
    /// Published if it leaves without saying so.
    will: Option<(String, Note)>,
    /// When it was last heard.
    heard: Option<Instant>,
    /// The number of the last message that was sent to it and that it acknowledges.
    last_id: u16,
    /// Messages that it sends exactly once, and has not released.
    received: BTreeSet<u16>,
}

/// What is published.
#[derive(Clone)]
struct Note {
    data: Vec<u8>,
    qos: u8,
    retain: bool,
}

#[derive(Default)]
struct Broker {
    /// The last note of each topic that was to be kept.
    retained: BTreeMap<String, Note>,
}

impl Handler for Broker {
    type Protocol = Server;
    type Session = Session;

    fn on_message(&mut self, client: &mut Client<'_>, message: ClientMessage<'_>) {
        client.session().heard = Some(client.worker().now());
        match message {
            ClientMessage::Connect(connect) => welcome(client, &connect),
            ClientMessage::Publish(publish) => self.take(client, &publish),
            ClientMessage::PubRel(release) => {
                client.session().received.remove(&release.id);
                client.send(PubComp { id: release.id });
            }
            ClientMessage::Subscribe(subscribe) => self.subscribe(client, &subscribe),
            ClientMessage::Unsubscribe(unsubscribe) => {
                for topic in &unsubscribe.filters {
                    client.session().filters.remove(topic.filter);
                }
                client.send(UnsubAck { id: unsubscribe.id });
            }
            ClientMessage::PingReq(_) => _ = client.send(PingResp),
            ClientMessage::Disconnect(_) => client.session().will = None,
            // Nothing is sent again on a connection, and no session outlives one: there is nothing to forget. What is to be
            // heard exactly once is sent at least once.
            ClientMessage::PubAck(_) | ClientMessage::PubRec(_) | ClientMessage::PubComp(_) => {}
        }
    }

    fn on_close(&mut self, client: &mut Client<'_>) {
        if let Some((topic, note)) = client.session().will.take() {
            self.publish(client.worker(), &topic, &note);
        }
    }
}

impl Broker {
    /// A client publishes: it is told that we have it, and others are told of it.
    fn take(&mut self, client: &mut Client<'_>, publish: &Publish<'_>) {
        if !is_topic(publish.topic) {
            // 3.3.2.1: a topic has no wildcards. There is no way to say so but to close.
            return client.close();
        }
        let mut is_new = true;
        match (publish.qos, publish.id) {
            (1, Some(id)) => _ = client.send(PubAck { id }),
            (2, Some(id)) => {
                is_new = client.session().received.insert(id);
                client.send(PubRec { id });
            }
            _ => {}
        }
        if is_new {
            let note = Note { data: publish.data.to_vec(), qos: publish.qos, retain: publish.retain };
            self.publish(client.worker(), publish.topic, &note);
        }
    }

    fn publish(&mut self, worker: &mut Context<'_, Server, Session>, topic: &str, note: &Note) {
        if note.retain {
            // An empty one is kept by nobody.
            self.retained.remove(topic);
            if !note.data.is_empty() {
                self.retained.insert(topic.to_owned(), note.clone());
            }
        }
        worker.each(|client| {
            let filters = client.session().filters.iter();
            let wanted = filters.filter(|(filter, _)| matches(filter, topic)).map(|(_, qos)| *qos).max();
            if let Some(qos) = wanted {
                deliver(client, topic, note, qos, false);
            }
        });
    }

    fn subscribe(&self, client: &mut Client<'_>, subscribe: &Subscribe<'_>) {
        let mut codes = Vec::new();
        for wanted in &subscribe.filters {
            let qos = wanted.qos.min(1);
            codes.push(match (is_filter(wanted.filter), qos) {
                (false, _) => SubCode::Failure,
                (true, 0) => SubCode::Most0,
                (true, _) => SubCode::Most1,
            });
            if is_filter(wanted.filter) {
                client.session().filters.insert(wanted.filter.to_owned(), qos);
            }
        }
        client.send(SubAck { id: subscribe.id, codes: List::from(&codes[..]) });
        for wanted in subscribe.filters.iter().filter(|wanted| is_filter(wanted.filter)) {
            for (topic, note) in self.retained.iter().filter(|(topic, _)| matches(wanted.filter, topic)) {
                deliver(client, topic, note, wanted.qos.min(1), true);
            }
        }
    }
}

/// Answers the first packet.
fn welcome(client: &mut Client<'_>, connect: &Connect<'_>) {
    let code = match &connect.login {
        ConnectLogin::Other(_) => ConnectCode::BadVersion,
        // 3.1.3.1: who has no name cannot come back.
        ConnectLogin::V311(Login { client_id: "", clean: false, .. }) => ConnectCode::BadClientId,
        ConnectLogin::V311(login) => {
            admit(client, login);
            ConnectCode::Accepted
        }
    };
    client.send(ConnAck { present: false, code });
}

fn admit(client: &mut Client<'_>, login: &Login<'_>) {
    // 3.1.4: of two clients of a name, the older one goes.
    client.worker().each(|other| {
        if !login.client_id.is_empty() && other.session().client_id == login.client_id {
            other.close();
        }
    });
    let session = client.session();
    session.client_id = login.client_id.to_owned();
    session.will = will(login);
    watch(client, login.keep_alive);
}

fn will(login: &Login<'_>) -> Option<(String, Note)> {
    let topic = login.will_topic.filter(|topic| is_topic(topic))?;
    let data = login.will_data.unwrap_or_default().to_vec();
    Some((topic.to_owned(), Note { data, qos: login.will_qos, retain: login.will_retain }))
}

/// Closes a client that is silent for half as long again as it may be; 0 is for ever.
fn watch(client: &mut Client<'_>, keep_alive: u16) {
    let patience = Duration::from_secs(keep_alive.into()) * 3 / 2;
    if patience.is_zero() {
        return;
    }
    client.every(patience / 3, move |client| {
        let now = client.worker().now();
        if client.session().heard.is_some_and(|heard| now.duration_since(heard) > patience) {
            client.destroy();
        }
    });
}

/// Sends a note as surely as it was published and as it is wanted.
fn deliver(client: &mut Client<'_>, topic: &str, note: &Note, wanted: u8, retain: bool) {
    let session = client.session();
    let qos = note.qos.min(wanted);
    let id = (qos > 0).then(|| {
        session.last_id = session.last_id.checked_add(1).unwrap_or(1);
        session.last_id
    });
    client.send(Publish { dup: false, qos, retain, topic, id, data: &note.data });
}

/// Whether a name of a topic has no wildcards.
fn is_topic(topic: &str) -> bool {
    !topic.is_empty() && !topic.contains(['+', '#'])
}

/// 4.7.1: a wildcard fills a level, and `#` is the last one.
fn is_filter(filter: &str) -> bool {
    let (front, last) = filter.rsplit_once('/').map_or((None, filter), |(front, last)| (Some(front), last));
    let is_level = |level: &str| level == "+" || !level.contains(['+', '#']);
    front.is_none_or(|front| front.split('/').all(is_level)) && (last == "#" || is_level(last))
}

/// 4.7: whether a filter takes in a topic. `#` is also the level above it; no wildcard in front takes in what begins with `$`.
fn matches(filter: &str, topic: &str) -> bool {
    if topic.starts_with('$') && filter.starts_with(['+', '#']) {
        return false;
    }
    let mut levels = topic.split('/');
    for level in filter.split('/') {
        match (level, levels.next()) {
            ("#", _) => return true,
            ("+", Some(_)) => {}
            (level, Some(same)) if level == same => {}
            _ => return false,
        }
    }
    levels.next().is_none()
}

fn main() -> ExitCode {
    // One process, so that all clients hear each other.
    run_all(Worker::serve("mqtt://127.0.0.1:1883", Broker::default()).name("mqtt").count(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_take_in_topics() {
        let taken =
            [("a/b", "a/b"), ("a/+", "a/b"), ("+/+", "/b"), ("#", "a/b"), ("a/#", "a"), ("a/#", "a/b/c"), ("+", "a")];
        for (filter, topic) in taken {
            assert!(is_filter(filter) && matches(filter, topic), "{filter} {topic}");
        }
        let passed =
            [("a/b", "a"), ("a", "a/b"), ("+", "/a"), ("a/+", "a"), ("#", "$SYS/a"), ("+/a", "$SYS/a"), ("A", "a")];
        for (filter, topic) in passed {
            assert!(is_filter(filter) && !matches(filter, topic), "{filter} {topic}");
        }
        assert!(matches("$SYS/#", "$SYS/a"));
        for wrong in ["a#", "#/a", "a+", "a/b+/c", "a/#/b"] {
            assert!(!is_filter(wrong), "{wrong}");
        }
    }
}
