//! Captures that are made here: TCP segments in IPv4 packets, in a pcap file. Each test takes what it needs of them.

#![allow(dead_code, reason = "each test takes what it needs")]

pub(crate) const SYN: u8 = 2;
pub(crate) const SYN_ACK: u8 = 0x12;
pub(crate) const ACK: u8 = 0x10;

/// A segment from one port to another, between 10.0.0.1, the client, and 10.0.0.2.
pub(crate) fn segment(ports: [u16; 2], from_client: bool, flags: u8, numbers: (u32, u32), data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(40 + data.len()).expect("a small segment").to_be_bytes();
    let (from, to) = if from_client { (1, 2) } else { (2, 1) };
    let mut packet = vec![0x45, 0, length[0], length[1], 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, from, 10, 0, 0, to];
    packet.extend(ports[0].to_be_bytes());
    packet.extend(ports[1].to_be_bytes());
    packet.extend(numbers.0.to_be_bytes());
    packet.extend(numbers.1.to_be_bytes());
    packet.extend([0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
    packet.extend(data);
    packet
}

/// A datagram from one port to another, between 10.0.0.1, the client, and 10.0.0.2.
pub(crate) fn datagram(ports: [u16; 2], from_client: bool, data: &[u8]) -> Vec<u8> {
    let size = u16::try_from(8 + data.len()).expect("a small datagram");
    let length = (20 + size).to_be_bytes();
    let (from, to) = if from_client { (1, 2) } else { (2, 1) };
    let mut packet = vec![0x45, 0, length[0], length[1], 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, from, 10, 0, 0, to];
    packet.extend([ports[0].to_be_bytes(), ports[1].to_be_bytes(), size.to_be_bytes(), [0, 0]].concat());
    packet.extend(data);
    packet
}

/// A pcap file of packets of this link type, a millisecond apart.
pub(crate) fn pcap(link: u32, packets: &[Vec<u8>]) -> Vec<u8> {
    let mut file = Vec::new();
    for word in [0xa1b2_c3d4, 2 | 4 << 16, 0, 0, 65535, link] {
        file.extend(u32::to_le_bytes(word));
    }
    for (index, packet) in packets.iter().enumerate() {
        let length = u32::try_from(packet.len()).expect("small");
        let (second, millisecond) = (index / 1000, index % 1000);
        let time = [second + 1, millisecond * 1000].map(|part| u32::try_from(part).expect("few"));
        for word in [time[0], time[1], length, length] {
            file.extend(u32::to_le_bytes(word));
        }
        file.extend(packet);
    }
    file
}
