//! What is done to data and headers on their way, beside what one would write by hand or take from the shelf: masks of
//! WebSocket, and blocks of HTTP headers.

use crate::statistics::Spread;
use std::{fmt::Write as _, hint::black_box, io, time::Instant};
use wm_core::wire::{Field, Reader, via::Mask};

/// How much is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// In how many rounds each has its turn.
    pub rounds: usize,
    /// How often in a turn: it is over before another program has one.
    pub times: u32,
}

impl Plan {
    /// What a figure to be quoted comes from: some seconds.
    #[must_use]
    pub const fn full() -> Self {
        Self { rounds: 4001, times: 20 }
    }

    /// Enough to see that everything works.
    #[must_use]
    pub const fn quick() -> Self {
        Self { rounds: 5, times: 5 }
    }
}

/// A part of a message as a worker reads it: it stays in the cache of a core, as what has just been read does.
const PART_BYTES: usize = 64 << 10;

const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// What a browser sends.
const HEADERS: &[u8] = b"Host: www.example.org\r\n\
    User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n\
    Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n\
    Accept-Language: en-US,en;q=0.5\r\nAccept-Encoding: gzip, deflate, br\r\nConnection: keep-alive\r\n\
    Cookie: session=0123456789abcdef0123456789abcdef; theme=dark\r\nUpgrade-Insecure-Requests: 1\r\n\
    Sec-Fetch-Dest: document\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Site: none\r\nSec-Fetch-User: ?1\r\n\r\n";

const FIELD: &Field = &Field::new("Request", "headers", 1);

/// Who does a thing, and how; what is done is checked before it is measured.
struct Way {
    name: &'static str,
    /// Does it once to the buffer, and says what came of it.
    once: fn(&mut [u8]) -> usize,
}

/// A thing that is done, and who does it, the reference first.
struct Contest {
    name: &'static str,
    /// The unit of one turn, so many of it for each time.
    unit: &'static str,
    per_time: f64,
    buffer: Vec<u8>,
    ways: Vec<Way>,
}

fn contests() -> Vec<Contest> {
    let data: Vec<u8> = (0..=255).cycle().take(PART_BYTES).collect();
    let masks = vec![
        Way { name: "words by hand", once: mask_by_hand },
        Way { name: "wm, via xor", once: mask_ours },
        Way { name: "wm, a key of 3 bytes", once: mask_odd },
        Way { name: "bytes by hand", once: mask_bytes },
    ];
    let headers =
        vec![Way { name: "httparse", once: headers_of_httparse }, Way { name: "wm, headers", once: headers_ours }];
    let gib = f64::from(u32::try_from(PART_BYTES).unwrap_or(u32::MAX)) / f64::from(1 << 30);
    vec![
        Contest { name: "masks of 64 KiB", unit: "GiB/s", per_time: gib, buffer: data, ways: masks },
        Contest {
            name: "12 header lines",
            unit: "M blocks/s",
            per_time: 1e-6,
            buffer: HEADERS.to_vec(),
            ways: headers,
        },
    ]
}

/// Measures, and gives the table.
///
/// # Errors
///
/// Two ways of one thing do not come to the same.
pub fn run(plan: &Plan) -> io::Result<String> {
    let mut table = format!(
        "On the way, {} rounds of {} times for each, in turns; the ratio is that of the times in the same round.\n\n\
         {:<18} {:<22} {:>10} {:<10}  {:>5}  {:>6} {:>5}\n",
        plan.rounds, plan.times, "", "", "median", "", "10 %", "median", "90 %"
    );
    for contest in contests() {
        check(&contest)?;
        let times = measure(&contest, plan);
        for (way, of) in contest.ways.iter().zip(&times) {
            let speed = Spread::of(of.iter().map(|time| contest.per_time * f64::from(plan.times) / time)).median;
            let ratio = Spread::of(middle(of.iter().zip(&times[0]).map(|(time, first)| time / first)));
            let _ = writeln!(
                table,
                "{:<18} {:<22} {speed:>10.3} {:<10}  {:>5.2}  {:>6.2} {:>5.2}",
                contest.name, way.name, contest.unit, ratio.min, ratio.median, ratio.max
            );
        }
    }
    Ok(table)
}

/// All but the least and the greatest tenth: a turn that was interrupted says nothing.
fn middle(numbers: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut sorted: Vec<f64> = numbers.collect();
    sorted.sort_by(f64::total_cmp);
    let tenth = sorted.len() / 10;
    sorted[tenth..sorted.len() - tenth].to_vec()
}

/// Masks undo themselves, and header blocks have the same bytes in their names and values.
fn check(contest: &Contest) -> io::Result<()> {
    let mut said = Vec::new();
    for way in &contest.ways {
        let mut buffer = contest.buffer.clone();
        said.push((way.once)(&mut buffer));
        (way.once)(&mut buffer);
        if buffer != contest.buffer {
            return Err(io::Error::other(format!("{}: twice the same is not nothing", way.name)));
        }
    }
    if said.iter().all(|one| *one == said[0]) {
        return Ok(());
    }
    Err(io::Error::other(format!("{}: they do not come to the same: {said:?}", contest.name)))
}

/// The seconds of each turn, of each way.
fn measure(contest: &Contest, plan: &Plan) -> Vec<Vec<f64>> {
    let mut times = vec![Vec::new(); contest.ways.len()];
    let mut buffer = contest.buffer.clone();
    for round in 0..=plan.rounds {
        let mut order: Vec<usize> = (0..contest.ways.len()).collect();
        if round % 2 == 1 {
            order.reverse();
        }
        for at in order {
            let begin = Instant::now();
            for _ in 0..plan.times {
                black_box((contest.ways[at].once)(black_box(&mut buffer)));
            }
            // The first round is to warm up.
            if round > 0 {
                times[at].push(begin.elapsed().as_secs_f64());
            }
        }
    }
    times
}

fn mask_by_hand(data: &mut [u8]) -> usize {
    let [a, b, c, d] = KEY;
    let key = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (words, rest) = data.as_chunks_mut::<8>();
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ key).to_ne_bytes();
    }
    rest.iter_mut().zip(KEY.iter().cycle()).for_each(|(byte, key)| *byte ^= key);
    data.len()
}

fn mask_bytes(data: &mut [u8]) -> usize {
    data.iter_mut().zip(KEY.iter().cycle()).for_each(|(byte, key)| *byte ^= key);
    data.len()
}

fn mask_ours(data: &mut [u8]) -> usize {
    Mask::new(&KEY).apply(data);
    data.len()
}

fn mask_odd(data: &mut [u8]) -> usize {
    Mask::new(&KEY[..3]).apply(data);
    data.len()
}

fn headers_of_httparse(block: &mut [u8]) -> usize {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    match httparse::parse_headers(block, &mut headers) {
        Ok(httparse::Status::Complete((_, headers))) => {
            headers.iter().map(|header| header.name.len() + header.value.len()).sum()
        }
        _ => 0,
    }
}

fn headers_ours(block: &mut [u8]) -> usize {
    match Reader::new(block).headers(64 << 10, &["content-length"], FIELD) {
        Ok(headers) => headers.iter().map(|(name, value)| name.len() + value.len()).sum(),
        Err(_) => 0,
    }
}
