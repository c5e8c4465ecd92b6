use wm_core::wire::List;
use wm_derive::protocol;

#[protocol]
mod calls {
    use super::List;

    #[derive(Protocol)]
    #[wm(len = "u32", counts = "rest")]
    pub struct Call<'a> {
        #[wm(as = "u8")]
        kind: Kind,
        level: Option<u8>,
        #[wm(if = "kind > 5")]
        maybe: u8,
        #[wm(prefix = "u8")]
        words: Word<'a>,
        #[wm(as = "bytes[5]", if = "kind < 3")]
        key: Option<[u8; 4]>,
    }

    #[wm(as = "u8")]
    pub enum Kind {
        Text = 1,
        Data(u8) = 2,
        Other(u16),
    }

    pub struct Word<'a> {
        #[wm(until = "\0", max = 20)]
        text: &'a str,
        others: List<'a, &'a str>,
    }
}

fn main() {}
