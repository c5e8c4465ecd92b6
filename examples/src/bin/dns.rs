//! A name server: the names of a little zone, over UDP and TCP on one port. `dig` is its client.
//!
//! You learn: `proto/dns_udp.wm` and `proto/dns_tcp.wm`, which import what they share; names that point at names, read and
//! written; and what does not fit into a datagram.
//!
//! ```text
//! cargo run --bin dns
//! dig @127.0.0.1 -p 5300 www.example.test
//! dig @127.0.0.1 -p 5300 poem.example.test TXT        is told that it is too long, and asks over TCP
//! dns --record 'box.test A 192.0.2.1'                 has other names
//! ```
//!
//! You see: `www.example.test. 300 IN A 127.0.0.1`.

use clap::Parser;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::process::ExitCode;
use std::rc::Rc;
use std::str::FromStr;
use wm_core::{Control, Server, Worker, wire::List, wire::Pointed};

/// What is known without `--record`.
const ZONE: [&str; 9] = [
    "example.test NS ns.example.test",
    "example.test MX 10 mail.example.test",
    "example.test TXT a little zone",
    "ns.example.test A 127.0.0.1",
    "mail.example.test A 127.0.0.2",
    "www.example.test A 127.0.0.1",
    "www.example.test AAAA ::1",
    "web.example.test CNAME www.example.test",
    concat!(
        "poem.example.test TXT The owl and the pussy-cat went to sea in a beautiful pea-green boat: they took some honey, and ",
        "plenty of money wrapped up in a five-pound note. The owl looked up to the stars above, and sang to a small guitar, ",
        "`O lovely pussy, o pussy, my love, what a beautiful pussy you are, you are, you are! What a beautiful pussy you ",
        "are!` Pussy said to the owl, `You elegant fowl, how charmingly sweet you sing! Oh! let us be married; too long we ",
        "have tarried: but what shall we do for a ring?`"
    ),
];

/// How long an answer may be kept, in seconds.
const TTL: u32 = 300;
/// The internet; there are no other networks any more.
const IN: u16 = 1;
/// The question for all that there is.
const ANY: u16 = 255;
/// How many aliases lead to a name, at most.
const ALIASES_MAX: usize = 8;

/// A name server.
#[derive(Parser)]
struct Arguments {
    /// A record: `NAME A 127.0.0.1`, and so on with AAAA, NS, CNAME, MX and TXT; may be given several times
    #[arg(long, global = true)]
    record: Vec<Entry>,
    #[command(flatten)]
    control: Control,
}

/// The labels of a name.
type Labels = Vec<Vec<u8>>;

/// A record of the zone.
#[derive(Debug, Clone)]
struct Entry {
    name: Labels,
    data: Data,
}

#[derive(Debug, Clone)]
enum Data {
    A(Ipv4Addr),
    Aaaa(Ipv6Addr),
    Ns(Labels),
    Cname(Labels),
    Mx(u16, Labels),
    Txt(Vec<Vec<u8>>),
}

impl Data {
    const fn kind(&self) -> u16 {
        match self {
            Self::A(_) => 1,
            Self::Ns(_) => 2,
            Self::Cname(_) => 5,
            Self::Mx(..) => 15,
            Self::Txt(_) => 16,
            Self::Aaaa(_) => 28,
        }
    }

    /// The name that stands in it.
    fn target(&self) -> &[Vec<u8>] {
        match self {
            Self::Ns(name) | Self::Cname(name) | Self::Mx(_, name) => name,
            Self::A(_) | Self::Aaaa(_) | Self::Txt(_) => &[],
        }
    }

    /// The texts that stand in it.
    fn texts(&self) -> &[Vec<u8>] {
        if let Self::Txt(texts) = self { texts } else { &[] }
    }
}

impl FromStr for Entry {
    type Err = String;

    fn from_str(line: &str) -> Result<Self, String> {
        let [name, kind, text] = line.splitn(3, ' ').collect::<Vec<_>>()[..] else {
            return Err("write `www.example.test A 127.0.0.1`".to_owned());
        };
        let data = match (kind, text.split_once(' ')) {
            ("A", _) => Data::A(text.parse().map_err(|_| format!("{text} is no address"))?),
            ("AAAA", _) => Data::Aaaa(text.parse().map_err(|_| format!("{text} is no address"))?),
            ("NS", _) => Data::Ns(labels_of(text)),
            ("CNAME", _) => Data::Cname(labels_of(text)),
            ("MX", Some((preference, name))) => {
                Data::Mx(preference.parse().map_err(|_| format!("{preference} is no preference"))?, labels_of(name))
            }
            ("TXT", _) => Data::Txt(text.as_bytes().chunks(255).map(<[u8]>::to_vec).collect()),
            _ => return Err(format!("`{kind} {text}` is not known")),
        };
        Ok(Self { name: labels_of(name), data })
    }
}

fn labels_of(name: &str) -> Labels {
    name.split('.').filter(|label| !label.is_empty()).map(|label| label.as_bytes().to_vec()).collect()
}

/// Whether a name is another one, or stands behind more labels there.
fn ends_like(name: &[Vec<u8>], other: &[Vec<u8>]) -> bool {
    let mut pairs = name.iter().rev().zip(other.iter().rev());
    name.len() >= other.len() && pairs.all(|(one, other)| one.eq_ignore_ascii_case(other))
}

/// The records of a name, behind the aliases that lead to them; none if nobody has that name.
fn find<'z>(zone: &'z [Entry], name: &[Vec<u8>], kind: u16) -> Option<Vec<&'z Entry>> {
    // What a name ends with exists, too.
    zone.iter().find(|entry| ends_like(&entry.name, name))?;
    let mut found = Vec::new();
    let mut name = name;
    for _ in 0..ALIASES_MAX {
        let here = || zone.iter().filter(|entry| entry.name.len() == name.len() && ends_like(&entry.name, name));
        let wanted = |entry: &&Entry| kind == ANY || kind == entry.data.kind();
        match here().find(|entry| matches!(entry.data, Data::Cname(_)) && !wanted(entry)) {
            Some(alias) => {
                found.push(alias);
                name = alias.data.target();
            }
            None => {
                found.extend(here().filter(wanted));
                break;
            }
        }
    }
    Some(found)
}

/// The server over one transport, of which a message holds so many bytes. What both protocols import is code of each, so
/// that these lines are written for two sets of types.
macro_rules! over {
    ($transport:ident, $protocol:ident, $address:literal, $bytes_max:literal) => {
        mod $transport {
            use super::{Data, Entry, IN, Labels, List, Pointed, Rc, TTL, Worker, find};
            use wm_examples::proto::$protocol::*;

            pub(super) fn worker(zone: Rc<Vec<Entry>>) -> Worker<Server> {
                Worker::<Server>::new($address).name(stringify!($protocol)).on_message(move |client, asked| {
                    // Whatever answers an answer could be made to talk to its like for ever.
                    if !asked.body.qr {
                        answer(&zone, &asked, |answer| {
                            client.send(answer);
                        });
                    }
                })
            }

            fn answer(zone: &[Entry], asked: &Message<'_>, send: impl FnOnce(Message<'_>)) {
                let mut questions = asked.body.questions.iter();
                let (Opcode::Query, Some(question), None) = (asked.body.opcode, questions.next(), questions.next())
                else {
                    return send(reply(asked, Rcode::NotImp, &[], &[]));
                };
                let name = labels(&question.name);
                let (found, spelled) = (find(zone, &name, question.kind.to_wire()), spell(&name, &[]));
                let question = [Question { name: Name { labels: List::from(&spelled[..]) }, ..question }];
                let rcode = if found.is_some() { Rcode::NoError } else { Rcode::NxDomain };
                let found = found.unwrap_or_default();
                let parts: Vec<Parts<'_>> = found.iter().map(|entry| Parts::of(entry, &name)).collect();
                let records = found.iter().zip(&parts).map(|(entry, parts)| parts.record(entry));
                let records: Vec<Record<'_>> = records.collect();
                let whole = reply(asked, rcode, &question, &records);
                match whole.measure() {
                    Ok(size) if size > $bytes_max => {
                        let cut = reply(asked, rcode, &question, &[]);
                        send(Message { body: Body { tc: true, ..cut.body }, ..cut })
                    }
                    _ => send(whole),
                }
            }

            fn reply<'a>(
                asked: &Message<'_>,
                rcode: Rcode,
                question: &'a [Question<'a>],
                answers: &'a [Record<'a>],
            ) -> Message<'a> {
                let Body { opcode, rd, cd, .. } = asked.body;
                let (qr, aa, tc, ra, ad) = (true, true, false, false, false);
                let (questions, answers) = (List::from(question), List::from(answers));
                let (authority, extra) = (List::from(&[][..]), List::from(&[][..]));
                let body = Body { qr, opcode, aa, tc, rd, ra, ad, cd, rcode, questions, answers, authority, extra };
                Message { id: asked.id, body }
            }

            fn labels(name: &Name<'_>) -> Labels {
                let text = |label| match label {
                    Label::Text(LabelText { text }) if !text.is_empty() => Some(text.to_vec()),
                    _ => None,
                };
                name.all_labels().filter_map(text).collect()
            }

            /// What a record borrows.
            struct Parts<'a> {
                name: Vec<Label<'a>>,
                target: Vec<Label<'a>>,
                texts: Vec<Piece<'a>>,
            }

            impl<'a> Parts<'a> {
                fn of(entry: &'a Entry, asked: &[Vec<u8>]) -> Self {
                    let (name, target) = (spell(&entry.name, asked), spell(entry.data.target(), asked));
                    Self { name, target, texts: entry.data.texts().iter().map(|text| Piece { text }).collect() }
                }

                fn record(&'a self, entry: &'a Entry) -> Record<'a> {
                    let target = || Name { labels: List::from(&self.target[..]) };
                    let data = match &entry.data {
                        Data::A(ip) => RecordData::A((*ip).into()),
                        Data::Aaaa(ip) => RecordData::Aaaa((*ip).into()),
                        Data::Ns(_) => RecordData::Ns(target()),
                        Data::Cname(_) => RecordData::Cname(target()),
                        Data::Mx(preference, _) => {
                            RecordData::Mx(RecordDataMx { preference: *preference, exchange: target() })
                        }
                        Data::Txt(_) => RecordData::Txt(RecordDataTxt { texts: List::from(&self.texts[..]) }),
                    };
                    let name = Name { labels: List::from(&self.name[..]) };
                    Record { name, kind: Kind::from_wire(entry.data.kind()), class: IN, ttl: TTL, data }
                }
            }

            /// A name, as far as it ends like the one that was asked for a pointer to that: it stands behind a head of 12 bytes.
            fn spell<'a>(name: &'a [Vec<u8>], asked: &[Vec<u8>]) -> Vec<Label<'a>> {
                let pairs = name.iter().rev().zip(asked.iter().rev());
                let common = pairs.take_while(|(one, other)| one.eq_ignore_ascii_case(other)).count();
                let text = |text: &'a Vec<u8>| Label::Text(LabelText { text });
                let mut labels: Vec<Label<'a>> = name[..name.len() - common].iter().map(text).collect();
                let in_front = asked[..asked.len() - common].iter().map(|label| label.len() + 1).sum::<usize>();
                labels.push(match u16::try_from(12 + in_front) {
                    Ok(off) if common > 0 => Label::Pointer(LabelPointer { off, to: Pointed::nothing() }),
                    _ => Label::Text(LabelText { text: b"" }),
                });
                labels
            }
        }
    };
}

over!(udp, dns_udp, "udp://127.0.0.1:5300", 512);
over!(tcp, dns_tcp, "tcp://127.0.0.1:5300", 65_537);

fn main() -> ExitCode {
    let Arguments { record, control } = Arguments::parse();
    let known = || ZONE.iter().map(|line| line.parse().expect("the zone is well written")).collect();
    let zone = Rc::new(if record.is_empty() { known() } else { record });
    Server::new().worker(udp::worker(Rc::clone(&zone))).worker(tcp::worker(zone)).command(&control)
}
