use wm_derive::Protocol;

#[derive(Protocol)]
#[wm(len = "u65", counts = "frame")]
struct Frame<'a> {
    body: &'a [u8],
}

fn main() {}
