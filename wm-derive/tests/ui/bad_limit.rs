use wm_derive::Protocol;

#[derive(Protocol)]
#[wm(len = "u32", counts = "frame", limit = "many")]
struct Frame<'a> {
    body: &'a [u8],
}

fn main() {}
