//! The TCP segments and the UDP datagrams of a file: pcap or pcapng; Ethernet, Linux cooked, loopback or plain IP.

use super::{Datagram, Segment};
use etherparse::{EtherType, LaxNetSlice, LaxSlicedPacket, TcpSlice, TransportSlice, UdpSlice};
use pcap_parser::pcapng::Block;
use pcap_parser::traits::{PcapNGPacketBlock as _, PcapReaderIterator};
use pcap_parser::{Linktype, PcapBlockOwned, PcapError};
use std::fs::File;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::Duration;

/// A block of a file must fit into the buffer, which grows from the first size to the second.
const BUFFER_BYTES: usize = 1 << 20;
const BUFFER_BYTES_MAX: usize = 64 << 20;

/// The head of a datagram, which its length counts.
const UDP_HEAD_BYTES: usize = 8;

/// What was found in a file.
#[derive(Debug, Default)]
pub(crate) struct Capture {
    /// In the order of the file.
    pub(crate) segments: Vec<Segment>,
    /// In the order of the file.
    pub(crate) datagrams: Vec<Datagram>,
    /// Segments that were captured only in part.
    pub(crate) cut: usize,
    /// Fragments of IP packets: they are not joined.
    pub(crate) fragments: usize,
    /// Packets of a link type that is not known.
    pub(crate) unknown: usize,
    /// Whether the file ends within a packet.
    pub(crate) torn: bool,
}

/// Why a file is no capture, in a few words.
#[derive(Debug)]
pub(crate) struct Unreadable(pub(crate) String);

/// How packets of an interface are to be read.
#[derive(Debug, Clone, Copy)]
struct Interface {
    link: Linktype,
    /// Units of its timestamps in a second.
    resolution: u64,
    /// Seconds to be added to them.
    offset: u64,
}

/// Reads a file.
pub(crate) fn read(path: &Path) -> Result<Capture, Unreadable> {
    let file = File::open(path).map_err(|error| Unreadable(error.to_string()))?;
    let mut reader = pcap_parser::create_reader(BUFFER_BYTES, file).map_err(|error| match error {
        PcapError::Eof => Unreadable("it is empty".into()),
        _ => Unreadable("it is neither pcap nor pcapng".into()),
    })?;
    let mut capture = Capture::default();
    let mut interfaces = Vec::new();
    let mut capacity = BUFFER_BYTES;
    loop {
        let exhausted = reader.reader_exhausted();
        match reader.next() {
            Ok((size, block)) => {
                capture.block(&block, &mut interfaces);
                reader.consume(size);
            }
            Err(PcapError::Eof) => return Ok(capture),
            Err(PcapError::Incomplete(_) | PcapError::UnexpectedEof) if exhausted => {
                capture.torn = true;
                return Ok(capture);
            }
            Err(PcapError::Incomplete(_)) => refill(reader.as_mut(), &mut capacity)?,
            Err(PcapError::BufferTooSmall) => grow(reader.as_mut(), &mut capacity)?,
            Err(error) => return Err(Unreadable(words(&error))),
        }
    }
}

fn refill(reader: &mut dyn PcapReaderIterator, capacity: &mut usize) -> Result<(), Unreadable> {
    match reader.refill() {
        Ok(()) => return Ok(()),
        Err(PcapError::BufferTooSmall) => {}
        Err(error) => return Err(Unreadable(words(&error))),
    }
    grow(reader, capacity)
}

fn grow(reader: &mut dyn PcapReaderIterator, capacity: &mut usize) -> Result<(), Unreadable> {
    *capacity *= 2;
    if *capacity <= BUFFER_BYTES_MAX && reader.grow(*capacity) {
        return Ok(());
    }
    Err(Unreadable(format!("a block of it is over {BUFFER_BYTES_MAX} bytes")))
}

fn words(error: &PcapError<&[u8]>) -> String {
    match error {
        PcapError::ReadError => "it cannot be read to its end".into(),
        _ => "a block of it is broken".into(),
    }
}

impl Capture {
    fn block(&mut self, block: &PcapBlockOwned<'_>, interfaces: &mut Vec<Interface>) {
        match block {
            PcapBlockOwned::LegacyHeader(header) => {
                let resolution = if header.is_nanosecond_precision() { 1_000_000_000 } else { 1_000_000 };
                interfaces.push(Interface { link: header.network, resolution, offset: 0 });
            }
            PcapBlockOwned::Legacy(packet) => {
                let Some(interface) = interfaces.first().copied() else { return };
                let time = time(u64::from(packet.ts_sec), u64::from(packet.ts_usec), interface.resolution);
                self.packet(interface.link, time, packet.data);
            }
            PcapBlockOwned::NG(Block::SectionHeader(_)) => interfaces.clear(),
            PcapBlockOwned::NG(Block::InterfaceDescription(description)) => interfaces.push(Interface {
                link: description.linktype,
                resolution: description.ts_resolution().filter(|resolution| *resolution > 0).unwrap_or(1_000_000),
                offset: u64::try_from(description.ts_offset()).unwrap_or(0),
            }),
            PcapBlockOwned::NG(Block::EnhancedPacket(packet)) => {
                let interface = usize::try_from(packet.if_id).ok().and_then(|index| interfaces.get(index)).copied();
                let Some(Interface { link, resolution, offset }) = interface else { return };
                let units = u64::from(packet.ts_high) << 32 | u64::from(packet.ts_low);
                let seconds = (units / resolution).saturating_add(offset);
                self.packet(link, time(seconds, units % resolution, resolution), packet.packet_data());
            }
            PcapBlockOwned::NG(Block::SimplePacket(packet)) => {
                let Some(interface) = interfaces.first() else { return };
                self.packet(interface.link, Duration::ZERO, packet.packet_data());
            }
            PcapBlockOwned::NG(_) => {}
        }
    }

    fn packet(&mut self, link: Linktype, time: Duration, bytes: &[u8]) {
        let packet = match link {
            Linktype::ETHERNET => LaxSlicedPacket::from_ethernet(bytes).ok(),
            Linktype::LINUX_SLL => cooked(bytes, 14, 16),
            Linktype::LINUX_SLL2 => cooked(bytes, 0, 20),
            // The address family in front is that of the machine that captured; the version of IP says it too.
            Linktype::NULL | Linktype::LOOP => bytes.get(4..).and_then(|ip| LaxSlicedPacket::from_ip(ip).ok()),
            Linktype::RAW | Linktype::IPV4 | Linktype::IPV6 => LaxSlicedPacket::from_ip(bytes).ok(),
            _ => {
                self.unknown += 1;
                None
            }
        };
        let Some(LaxSlicedPacket { net: Some(net), transport, .. }) = packet else { return };
        let Some(payload) = net.ip_payload_ref() else { return };
        if payload.fragmented {
            self.fragments += 1;
            return;
        }
        match (addresses(&net), transport) {
            (Some((from, to)), Some(TransportSlice::Tcp(tcp))) => {
                self.cut += usize::from(payload.incomplete);
                self.segments.push(segment(time, from, to, &tcp));
            }
            (Some((from, to)), Some(TransportSlice::Udp(udp))) => self.datagrams.push(datagram(time, from, to, &udp)),
            _ => {}
        }
    }
}

/// A packet behind a header of Linux's cooked capture, with the type of what it holds at `at`.
fn cooked(bytes: &[u8], at: usize, header: usize) -> Option<LaxSlicedPacket<'_>> {
    let ether_type = EtherType(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?));
    Some(LaxSlicedPacket::from_ether_type(ether_type, bytes.get(header..)?))
}

fn addresses(net: &LaxNetSlice<'_>) -> Option<(IpAddr, IpAddr)> {
    match net {
        LaxNetSlice::Ipv4(ip) => Some((ip.header().source_addr().into(), ip.header().destination_addr().into())),
        LaxNetSlice::Ipv6(ip) => Some((ip.header().source_addr().into(), ip.header().destination_addr().into())),
        LaxNetSlice::Arp(_) => None,
    }
}

fn segment(time: Duration, from: IpAddr, to: IpAddr, tcp: &TcpSlice<'_>) -> Segment {
    Segment {
        time,
        from: SocketAddr::new(from, tcp.source_port()),
        to: SocketAddr::new(to, tcp.destination_port()),
        sequence: tcp.sequence_number(),
        syn: tcp.syn(),
        fin: tcp.fin(),
        ack: tcp.ack(),
        data: tcp.payload().to_vec(),
    }
}

fn datagram(time: Duration, from: IpAddr, to: IpAddr, udp: &UdpSlice<'_>) -> Datagram {
    let data = udp.payload().to_vec();
    Datagram {
        time,
        from: SocketAddr::new(from, udp.source_port()),
        to: SocketAddr::new(to, udp.destination_port()),
        missing: usize::from(udp.length()).saturating_sub(UDP_HEAD_BYTES + data.len()),
        data,
    }
}

/// `seconds` and so many units, of which there are `resolution` in a second.
fn time(seconds: u64, units: u64, resolution: u64) -> Duration {
    let nanoseconds = u128::from(units) * 1_000_000_000 / u128::from(resolution.max(1));
    Duration::from_secs(seconds).saturating_add(Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX)))
}
