use wm_derive::Protocol;

#[derive(Protocol)]
#[wm(len = "u32", counts = "frame")]
struct Frame<'a> {
    #[wm(prefix = "u81")]
    name: &'a str,
    #[wm(as = "bites[4]")]
    key: &'a [u8],
    kind: u8,
    body: &'a [u8],
}

// The stub keeps what is used of the message from being a mistake too.
fn send(frame: Frame<'_>, out: &mut wm_core::BytesMut) {
    let _ = frame.encode(out);
}

fn main() {}
