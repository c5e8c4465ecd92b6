use wm_derive::Protocol;

#[derive(Protocol)]
#[wm(len = "u32")]
struct Frame<'a> {
    #[wm(len = "u8", counts = "bytes")]
    name: &'a str,
    body: &'a [u8],
}

fn main() {}
