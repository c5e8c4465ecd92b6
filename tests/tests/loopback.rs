//! Each protocol over real sockets: what a generated client sends arrives at a generated server and comes back, whatever
//! the system makes of the stream.

use wm_schema::interp::Input;
use wm_tests::oracle::Oracle;
use wm_tests::subject;
use wm_tests::vectors;

#[test]
fn a_generated_client_talks_to_a_generated_server() {
    let vectors = vectors::all();
    for subject in subject::all() {
        let of_it = vectors.iter().filter(|vector| subject.is_of(vector));
        let frames: Vec<Vec<u8>> = of_it
            .filter(|vector| is_frame(&subject.oracle, &vector.bytes))
            .map(|vector| vector.bytes.clone())
            .collect();
        assert!(!frames.is_empty(), "{subject:?}: no good vector");
        let engine = subject.engines.iter().find(|engine| engine.name() == "generated").expect("generated code");
        let expected: Vec<_> = frames.iter().filter_map(|frame| engine.decode(frame).ok()).collect();
        // What may be received but not sent stays at home.
        let sendable = |at: &usize| expected[*at].sent.is_ok();
        let sent: Vec<usize> = (0..expected.len()).filter(sendable).collect();
        let chosen: Vec<Vec<u8>> = sent.iter().map(|at| frames[*at].clone()).collect();
        let received = (subject.echoed)(&chosen);
        assert_eq!(received.len(), chosen.len(), "{subject:?}");
        for (at, read) in sent.into_iter().zip(received) {
            assert_eq!(read, expected[at], "{subject:?}");
        }
    }
}

/// Whether the bytes are exactly one good frame.
fn is_frame(oracle: &Oracle, bytes: &[u8]) -> bool {
    let whole = match oracle.input(&mut Default::default(), bytes) {
        Ok(Input::Frame(len)) => len == bytes.len(),
        Ok(Input::UntilEnd) => true,
        Ok(Input::Need(_)) | Err(_) => false,
    };
    whole && oracle.decode(bytes).is_ok()
}
