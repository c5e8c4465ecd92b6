//! A guess at bytes of another protocol: who knocks at a port is often lost.
//!
//! The one list of signatures, for the errors of a server and for the tools.

/// How many bytes of a stream tell who has sent it.
pub const START_BYTES: usize = 16;

/// What the start of a stream looks like.
///
/// ```
/// use wm_core::wire::stranger;
///
/// assert_eq!(stranger::guess(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), Some("a TLS ClientHello"));
/// assert_eq!(stranger::guess(b"hello"), None);
/// ```
#[must_use]
pub fn guess(bytes: &[u8]) -> Option<&'static str> {
    let known = TEXTS.iter().find(|(start, _)| bytes.starts_with(start)).map(|(_, what)| *what);
    known.or_else(|| tls(bytes)).or_else(|| request(bytes)).or_else(|| binary(bytes))
}

/// Protocols that start with words. HTTP's preface is a request line too, and so stands in front of those.
const TEXTS: [(&[u8], &str); 12] = [
    (b"PRI * HTTP/2.0\r\n", "an HTTP/2 connection preface"),
    (b"HTTP/1.", "an HTTP response"),
    (b"SSH-", "an SSH banner"),
    (b"PROXY TCP", "a PROXY protocol header"),
    (b"\r\n\r\n\0\r\nQUIT\n", "a PROXY protocol v2 header"),
    (b"RTSP/1.", "an RTSP response"),
    (b"EHLO ", "an SMTP greeting"),
    (b"HELO ", "an SMTP greeting"),
    (b"220 ", "the greeting of an SMTP or FTP server"),
    (b"+OK", "a POP3 or Redis reply"),
    (b"\x7fELF", "an ELF program"),
    (b"\x1f\x8b\x08", "gzip"),
];

/// Each is followed by a path, but for CONNECT.
const METHODS: [&str; 8] = ["GET", "POST", "PUT", "HEAD", "DELETE", "OPTIONS", "PATCH", "TRACE"];

/// RFC 8446, section 5.1: a type, version 3.x, a length of at most 2^14 + 256, and then the fragment.
fn tls(bytes: &[u8]) -> Option<&'static str> {
    let [kind, 3, 0..=4, high, low, ..] = *bytes else { return None };
    if !(2..=(1 << 14) + 256).contains(&u16::from_be_bytes([high, low])) {
        return None;
    }
    match (kind, bytes.get(5)) {
        (22, Some(1)) => Some("a TLS ClientHello"),
        (22, Some(2)) => Some("a TLS ServerHello"),
        (22, _) => Some("a TLS handshake"),
        (21, _) => Some("a TLS alert"),
        (23, _) => Some("TLS application data"),
        _ => None,
    }
}

fn request(bytes: &[u8]) -> Option<&'static str> {
    if bytes.starts_with(b"CONNECT ") {
        return Some("an HTTP request");
    }
    let target = METHODS.iter().find_map(|method| bytes.strip_prefix(method.as_bytes())?.strip_prefix(b" "))?;
    matches!(target.first(), Some(b'/' | b'*') | None).then_some("an HTTP request")
}

fn binary(bytes: &[u8]) -> Option<&'static str> {
    match *bytes {
        [0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f, ..] => Some("a PostgreSQL request for TLS"),
        [0, 0, _, _, 0, 3, 0, 0, ..] => Some("the startup message of PostgreSQL"),
        [3, 0, _, _, _, 0xe0, ..] => Some("a Remote Desktop connection request"),
        [5, methods @ 1..=4, ref list @ ..]
            if list.len() == usize::from(methods) && list.iter().all(|method| *method <= 9) =>
        {
            Some("a SOCKS5 greeting")
        }
        [b'*', b'1'..=b'9', b'\r', b'\n', b'$', ..] => Some("a Redis command"),
        [0xff, 0xfb..=0xfe, _, ..] => Some("a Telnet negotiation"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::guess;

    #[test]
    fn strangers_are_known_by_their_first_bytes() {
        let cases: [(&[u8], Option<&str>); 16] = [
            (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", Some("a TLS ClientHello")),
            (b"\x16\x03\x03\x00\x7a\x02", Some("a TLS ServerHello")),
            (b"\x15\x03\x01\x00\x02\x02\x28", Some("a TLS alert")),
            (b"\x16\x03\x01\xff\xff\x01", None),
            (b"GET / HTTP/1.1\r\n", Some("an HTTP request")),
            (b"CONNECT example.org:443 HTTP/1.1\r\n", Some("an HTTP request")),
            (b"OPTIONS * HTTP/1.1\r\n", Some("an HTTP request")),
            (b"GETTING / there", None),
            (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Some("an HTTP/2 connection preface")),
            (b"HTTP/1.1 400 Bad Request\r\n", Some("an HTTP response")),
            (b"SSH-2.0-OpenSSH_9.6\r\n", Some("an SSH banner")),
            (b"\x05\x01\x00", Some("a SOCKS5 greeting")),
            (b"*1\r\n$4\r\nPING\r\n", Some("a Redis command")),
            (b"\0\0\0\x08\x04\xd2\x16\x2f", Some("a PostgreSQL request for TLS")),
            (b"hello\n", None),
            (b"", None),
        ];
        for (bytes, expected) in cases {
            assert_eq!(guess(bytes), expected, "{}", bytes.escape_ascii());
        }
    }
}
