use wm_derive::Protocol;

#[derive(Protocol)]
#[wm(len = "u32", counts = "frame")]
struct Upload<'a> {
    name: &'a str,
    data: &'a [u8],
}

fn main() {}
