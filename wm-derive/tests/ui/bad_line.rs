use wm_derive::Protocol;

#[derive(Protocol)]
#[wm(line = "len u32 = size(self)")]
struct Frame<'a> {
    body: &'a [u8],
}

fn main() {}
