use wm_derive::Protocol;

#[derive(Protocol)]
#[wm(len = "u23", counts = "frame")]
struct Frame<'a> {
    body: &'a [u8],
}

fn main() {}
