//! A device on Modbus/TCP: coils and registers that are read and written. `mbpoll` is its client, and so is any control room.
//!
//! You learn: `proto/modbus.wm`, where a field chooses the layout, a length is worked out of a count of bits, and an answer and
//! a refusal are told apart by one bit.
//!
//! ```text
//! cargo run --bin modbus
//! mbpoll -p 1502 -t 4 -r 1 127.0.0.1 10 20 30        writes three registers
//! mbpoll -p 1502 -t 4 -r 1 -c 3 -1 127.0.0.1         reads them
//! ```
//!
//! You see: `[1]: 10` and so on. What lies outside of the device is refused with `Illegal data address`.

use std::ops::Range;
use std::process::ExitCode;
use wm_core::{Worker, run_all, wire::List};
use wm_examples::proto::modbus::{
    Answer, AnswerBody, Bits, Coils, Exception, Refusal, Registers, Request, RequestBody, Server, Switch, Words,
    Written,
};

/// How many coils and registers the device has.
const SIZE: usize = 1000;

struct Device {
    coils: [bool; SIZE],
    registers: [u16; SIZE],
}

/// What an answer borrows.
#[derive(Default)]
struct Read {
    bits: Vec<u8>,
    words: Vec<u16>,
}

impl Device {
    fn answer<'a>(&mut self, asked: &RequestBody<'_>, read: &'a mut Read) -> Result<AnswerBody<'a>, Exception> {
        Ok(match asked {
            RequestBody::ReadCoils(asked) => {
                read.bits = pack(&self.coils[places(asked.start, asked.count.into())?]);
                AnswerBody::ReadCoils(Bits { bits: &read.bits })
            }
            RequestBody::ReadHolding(asked) => {
                read.words = self.registers[places(asked.start, asked.count.into())?].to_vec();
                AnswerBody::ReadHolding(Words { values: List::from(&read.words[..]) })
            }
            RequestBody::WriteCoil(asked) => {
                self.coils[places(asked.at, 1)?].fill(asked.value == Switch::On);
                AnswerBody::WriteCoil(*asked)
            }
            RequestBody::WriteRegister(asked) => {
                self.registers[places(asked.at, 1)?].fill(asked.value);
                AnswerBody::WriteRegister(*asked)
            }
            RequestBody::WriteCoils(Coils { start, count, bits }) => {
                let coils = &mut self.coils[places(*start, (*count).into())?];
                coils.iter_mut().zip(unpack(bits)).for_each(|(coil, bit)| *coil = bit);
                AnswerBody::WriteCoils(Written { start: *start, count: *count })
            }
            RequestBody::WriteRegisters(Registers { start, values }) => {
                let registers = &mut self.registers[places(*start, values.len())?];
                registers.iter_mut().zip(values).for_each(|(register, value)| *register = value);
                let count = u16::try_from(values.len()).map_err(|_| Exception::IllegalValue)?;
                AnswerBody::WriteRegisters(Written { start: *start, count })
            }
            RequestBody::ReadInputs(_) | RequestBody::ReadInput(_) | RequestBody::Other(_) => {
                return Err(Exception::IllegalFunction);
            }
        })
    }
}

/// The places of the device that are meant, if it has all of them.
fn places(start: u16, count: usize) -> Result<Range<usize>, Exception> {
    let start = usize::from(start);
    let end = start + count;
    if end <= SIZE { Ok(start..end) } else { Err(Exception::IllegalAddress) }
}

/// Eight coils a byte, the first in the lowest bit.
fn pack(coils: &[bool]) -> Vec<u8> {
    let byte = |coils: &[bool]| coils.iter().rev().fold(0, |byte, coil| byte << 1 | u8::from(*coil));
    coils.chunks(8).map(byte).collect()
}

fn unpack(bits: &[u8]) -> impl Iterator<Item = bool> {
    bits.iter().flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1 == 1))
}

fn main() -> ExitCode {
    let mut device = Device { coils: [false; SIZE], registers: [0; SIZE] };
    let worker = Worker::<Server>::new("modbus://127.0.0.1:1502")
        .name("modbus")
        // One process, so that there is one device.
        .count(1)
        .on_message(move |client, request| {
            let Request { id, unit, function, body } = request;
            match device.answer(&body, &mut Read::default()) {
                Ok(body) => client.send(Answer { id, unit, function, body }),
                Err(code) => client.send(Refusal { id, unit, function, code }),
            }
        });
    run_all(worker)
}
