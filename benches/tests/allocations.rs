//! Decoding allocates nothing: a message borrows from its frame.

use bytes::BytesMut;
use wm_benches::codecs;

#[test]
fn those_who_claim_so_decode_without_an_allocation() {
    let payloads = codecs::payloads(100);
    for format in codecs::formats() {
        for codec in &format.codecs {
            let mut stream = BytesMut::new();
            (codec.encode)(&payloads, &mut stream).expect("good payloads");
            let mut decoded = None;
            let counted = allocation_counter::measure(|| decoded = (codec.decode)(&mut stream));
            assert_eq!(decoded, Some(100 * 63), "{}, {}", format.name, codec.name);
            assert_eq!(counted.count_total == 0, codec.frugal, "{}, {}: {counted:?}", format.name, codec.name);
        }
    }
}
