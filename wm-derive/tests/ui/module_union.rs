use wm_derive::protocol;

#[protocol(limit = "4K")]
mod calls {
    #[derive(Protocol)]
    #[wm(len = "u32", counts = "rest")]
    pub struct Call<'a> {
        kind: Kind,
        #[wm(match = "kynd")]
        body: Body<'a>,
        shape: Shape<'a>,
    }

    #[derive(Clone, Copy, PartialEq)]
    #[wm(as = "u8")]
    pub enum Kind {
        Text = 1,
        Data,
    }

    pub enum Body<'a> {
        #[wm(prefix = "u8")]
        Text(&'a str),
        #[wm(when = "Date", fixed = 5)]
        Data(&'a [u8]),
    }

    #[wm(tag = "u8")]
    pub enum Shape<'a> {
        #[wm(tag = 1, prefix = "u8")]
        Square(&'a str),
        #[wm(tag = 1)]
        Circle(u8),
    }
}

fn main() {}
