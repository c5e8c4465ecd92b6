use wm_derive::protocol;

#[protocol(limt = "4K")]
mod calls {
    #[derive(Protocol)]
    #[wm(limit = "4K")]
    pub struct Call<'a> {
        #[wm(prefx = "u8")]
        text: &'a str,
        body: Body,
        shape: Shape,
        level: Level,
    }

    pub enum Body {
        Nothing,
    }

    #[wm(tag = "u8")]
    pub enum Shape {
        Point,
        Line(u8, u8) = 2,
    }

    #[wm(as = "u8")]
    pub enum Level {
        Low = LOWEST,
        High(u8),
    }

    const LOWEST: isize = 3;
}

fn main() {}
