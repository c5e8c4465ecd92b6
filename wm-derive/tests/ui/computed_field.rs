use wm_derive::Protocol;

#[derive(Protocol)]
struct Frame<'a> {
    #[wm(as = "u32 = size(self)")]
    len: u32,
    body: &'a [u8],
}

fn main() {}
