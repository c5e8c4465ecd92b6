use wm_core::wire::List;
use wm_derive::protocol;

#[protocol(limit = "4K")]
mod calls {
    use super::List;

    #[derive(Protocol)]
    pub struct Call<'a> {
        kind: Kind,
        #[wm(prefix = "u8")]
        points: List<'a, Point>,
    }

    #[repr(u8)]
    #[derive(Clone, Copy)]
    pub enum Kind {
        Text = 1,
    }

    pub struct Point {
        x: u8,
    }
}

fn main() {}
