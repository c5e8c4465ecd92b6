//! Pipes: what comes from one connection is passed on to another, be it of another worker of the process.
//!
//! ```text
//!   source ── Bytes, End ──> target          a source that has sent much, or whose target is full, waits for Go
//!          <────── Go ──────                 End ends the target's side when all is sent: a half-close
//!          <───── Gone ────> target          one is gone: the other sends what it has, and closes
//! ```
//!
//! Parcels travel through the mailboxes of the workers, in order. What is on its way and not yet in the send queue of the
//! target is counted, and bounded; what is in the queue is bounded by its high mark. Nothing is passed on byte by byte: a
//! parcel is what one read gave, and becomes the send queue of a target that has none.

use super::{
    Connection, ConnectionId, Mailbox,
    inbox::{Inbox, SCRATCH_BYTES},
    world::{Ending, Phase, Slot, World},
};
use crate::protocol::Protocol;
use bytes::BytesMut;
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
};

/// So much of one source may be on its way, in bytes: a few reads.
const ON_THE_WAY_MAX: usize = 256 << 10;

/// The name of a connection for all workers of its process: where a [pipe](Connection::pipe) may lead. It may be kept and
/// sent anywhere; when the connection is gone, whoever pipes into it is closed.
#[derive(Clone)]
pub struct PipeEnd {
    id: ConnectionId,
    office: Arc<dyn Office>,
}

impl PipeEnd {
    /// Its name in its own worker.
    #[must_use]
    pub const fn id(&self) -> ConnectionId {
        self.id
    }

    fn post(&self, parcel: Parcel) -> bool {
        self.office.post_parcel(self.id, parcel)
    }
}

impl fmt::Debug for PipeEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PipeEnd").field(&self.id.serial()).finish()
    }
}

/// A mailbox, whatever its worker speaks.
trait Office: Send + Sync {
    /// Says whether the worker is still there.
    fn post_parcel(&self, to: ConnectionId, parcel: Parcel) -> bool;
}

impl<P: Protocol, S: 'static> Office for Mailbox<P, S> {
    fn post_parcel(&self, to: ConnectionId, parcel: Parcel) -> bool {
        self.post(move |worker| worker.world.take_parcel(to, parcel))
    }
}

/// What travels between the ends of a pipe.
#[derive(Debug)]
enum Parcel {
    /// To the target: something will come.
    Begin(Arc<Flow>),
    /// To the target: it has come.
    Bytes(Arc<Flow>, BytesMut),
    /// To the target: nothing more will.
    End(Arc<Flow>),
    /// To the target: what comes goes elsewhere now.
    Leave(Arc<Flow>),
    /// To the source: more may be sent.
    Go(Arc<Flow>),
    /// To either: the other is gone.
    Gone(Arc<Flow>),
    /// To what shall be a source: its target.
    Join(PipeEnd),
}

/// One direction between two connections.
#[derive(Debug)]
struct Flow {
    source: PipeEnd,
    target: PipeEnd,
    on_the_way: AtomicUsize,
    /// The send queue of the target is full.
    full: AtomicBool,
    /// The source waits.
    waiting: AtomicBool,
}

impl Flow {
    /// Whether the source may send, as far as it knows.
    fn is_free(&self) -> bool {
        !self.full.load(SeqCst) && self.on_the_way.load(SeqCst) < ON_THE_WAY_MAX
    }

    /// Whether the source must wait now. If it must, it is told when it may go on.
    fn must_wait(&self) -> bool {
        if self.is_free() {
            return false;
        }
        self.waiting.store(true, SeqCst);
        // The target may have caught up in between; then either of us takes the mark away, and not both.
        !(self.is_free() && self.waiting.swap(false, SeqCst))
    }

    /// Tells a source that waits to go on, if it may.
    fn wake(flow: &Arc<Self>) {
        if flow.is_free() && flow.waiting.swap(false, SeqCst) {
            flow.source.post(Parcel::Go(Arc::clone(flow)));
        }
    }
}

/// What a connection passes on, and what is passed to it.
#[derive(Debug, Default)]
pub(super) struct Pipe {
    /// Where what comes goes.
    out: Option<Arc<Flow>>,
    /// The target does not keep up.
    held: bool,
    /// The target knows that nothing more will come.
    end_told: bool,
    /// The sources that have not ended.
    sources: Vec<Arc<Flow>>,
}

impl Pipe {
    pub(super) const fn is_source(&self) -> bool {
        self.out.is_some()
    }

    /// Whether something is to come. Where it is passed on, our own queue does not count: it is for the peer to empty
    /// that, which it may do only when we take what it sends.
    pub(super) const fn receives(&self, full: bool) -> bool {
        if self.is_source() { !(self.held || self.end_told) } else { !full }
    }

    /// Whether its target knows that nothing more will come.
    pub(super) const fn has_told_end(&self) -> bool {
        self.end_told
    }

    /// How much may come from others when the send queue is full already; of each source it is what was on the way, a
    /// read, and what had waited for a handler when the pipe was laid.
    pub(super) const fn passed_bytes_max(&self, frame_bytes_max: usize) -> usize {
        self.sources.len().saturating_mul((ON_THE_WAY_MAX + SCRATCH_BYTES).saturating_add(frame_bytes_max))
    }

    /// The send queue has room again.
    pub(super) fn drained(&self) {
        for flow in &self.sources {
            flow.full.store(false, SeqCst);
            Flow::wake(flow);
        }
    }

    /// The connection is over: everybody that it has to do with hears of it.
    pub(super) fn cut(self) {
        if let Some(flow) = self.out {
            let target = flow.target.clone();
            target.post(Parcel::Gone(flow));
        }
        for flow in self.sources {
            let source = flow.source.clone();
            source.post(Parcel::Gone(flow));
        }
    }
}

impl<P: Protocol, S: 'static> Connection<'_, P, S> {
    /// Its name for the other workers of the process.
    #[must_use]
    pub fn pipe_end(&self) -> PipeEnd {
        PipeEnd { id: self.id, office: Arc::new(self.worker.world.mailbox.clone()) }
    }

    /// Passes on to `target` what comes from this connection from now on, byte by byte and past its protocol: the manual's
    /// `pipe`. It has one target: an earlier one gets nothing more from here. What follows the present message is passed on
    /// too, and what has come while it was [paused](Self::pause_recv), which it is no more.
    ///
    /// While the target does not keep up nothing is received here. When the peer ends its side, so does the target,
    /// after everything is sent; when one of the two is gone, the other sends what it has, and closes. Deadlines for frames
    /// do not count any more, that for [silence](super::Deadlines::idle) does.
    ///
    /// # Example
    ///
    /// Everything that is said to one port is heard by whoever came first to it:
    ///
    /// ```
    /// use wm_core::{PipeEnd, Worker, protocol::Tcp};
    ///
    /// let mut first: Option<PipeEnd> = None;
    /// let one_way = Worker::<Tcp>::new("tcp://0.0.0.0:2000").on_connect(move |guest| match &first {
    ///     None => first = Some(guest.pipe_end()),
    ///     Some(first) => guest.pipe(first),
    /// });
    /// ```
    pub fn pipe(&mut self, target: &PipeEnd) {
        let source = self.pipe_end();
        self.worker.world.pipe(self.id, source, target.clone());
    }

    /// [Pipes](Self::pipe) in both directions: what comes here goes to `other`, and what comes there comes here.
    pub fn join(&mut self, other: &PipeEnd) {
        other.post(Parcel::Join(self.pipe_end()));
        self.pipe(other);
    }
}

impl<P: Protocol, S> Slot<P, S> {
    /// Whether what comes of it can be passed on. Datagrams would lose their ends.
    fn may_pipe(&self) -> bool {
        matches!(self.phase, Phase::Dialing | Phase::Shaking | Phase::Open) && self.is_stream()
    }

    fn pipe_mut(&mut self) -> &mut Pipe {
        self.pipe.get_or_insert_default()
    }
}

impl<P: Protocol, S> World<P, S> {
    /// Passes on what has come.
    pub(super) fn pass_on(&mut self, id: ConnectionId, inbox: &mut Inbox) {
        let Some(pipe) = self.slot(id).and_then(|slot| slot.pipe.as_deref_mut()) else { return };
        let Some(flow) = &pipe.out else { return };
        let bytes = BytesMut::from(inbox.unread());
        inbox.clear();
        flow.on_the_way.fetch_add(bytes.len(), SeqCst);
        if !flow.target.post(Parcel::Bytes(Arc::clone(flow), bytes)) {
            return self.close(id);
        }
        pipe.held = flow.must_wait();
    }

    /// Nothing more will come. If our own side has ended too, nothing is left to do.
    pub(super) fn pass_on_end(&mut self, id: ConnectionId) {
        let Some(slot) = self.slot(id) else { return };
        let ending = slot.ending;
        let Some(pipe) = slot.pipe.as_deref_mut() else { return };
        let Some(flow) = pipe.out.as_ref().filter(|_| !std::mem::replace(&mut pipe.end_told, true)) else { return };
        let told = flow.target.post(Parcel::End(Arc::clone(flow)));
        if !told || ending == Ending::Done {
            self.close(id);
        }
    }
}

impl<P: Protocol, S: 'static> World<P, S> {
    pub(super) fn pipe(&mut self, id: ConnectionId, source: PipeEnd, target: PipeEnd) {
        let flow = Arc::new(Flow {
            source,
            target,
            on_the_way: AtomicUsize::new(0),
            full: AtomicBool::new(false),
            waiting: AtomicBool::new(false),
        });
        let Some(slot) = self.slot(id).filter(|slot| slot.may_pipe()) else {
            flow.target.post(Parcel::Gone(Arc::clone(&flow)));
            return;
        };
        (slot.frame_since, slot.in_parts, slot.awaited, slot.resync) = (None, 0, 0, None);
        slot.paused = false;
        let pipe = slot.pipe_mut();
        (pipe.held, pipe.end_told) = (false, false);
        if let Some(before) = pipe.out.replace(Arc::clone(&flow)) {
            let target = before.target.clone();
            target.post(Parcel::Leave(before));
        }
        if !flow.target.post(Parcel::Begin(Arc::clone(&flow))) {
            return self.close(id);
        }
        // What has come and waits for a handler is passed on.
        self.resume(id);
    }

    fn take_parcel(&mut self, id: ConnectionId, parcel: Parcel) {
        match parcel {
            Parcel::Begin(flow) => self.begin_flow(id, flow),
            Parcel::Bytes(flow, bytes) => self.take_bytes(id, &flow, bytes),
            Parcel::End(flow) => {
                let Some(pipe) = self.slot(id).and_then(|slot| slot.pipe.as_deref_mut()) else { return };
                pipe.sources.retain(|source| !Arc::ptr_eq(source, &flow));
                if pipe.sources.is_empty() {
                    self.finish(id);
                }
            }
            Parcel::Leave(flow) => {
                if let Some(pipe) = self.slot(id).and_then(|slot| slot.pipe.as_deref_mut()) {
                    pipe.sources.retain(|source| !Arc::ptr_eq(source, &flow));
                }
            }
            Parcel::Go(flow) => {
                let Some(pipe) = self.slot(id).and_then(|slot| slot.pipe.as_deref_mut()) else { return };
                if pipe.out.as_ref().is_some_and(|out| Arc::ptr_eq(out, &flow)) {
                    pipe.held = false;
                    self.resume(id);
                }
            }
            Parcel::Gone(flow) => {
                let Some(pipe) = self.slot(id).and_then(|slot| slot.pipe.as_deref_mut()) else { return };
                let mut ours = pipe.sources.iter().chain(&pipe.out);
                if ours.any(|of_ours| Arc::ptr_eq(of_ours, &flow)) {
                    self.close(id);
                }
            }
            Parcel::Join(other) => {
                let source = PipeEnd { id, office: Arc::new(self.mailbox.clone()) };
                self.pipe(id, source, other);
            }
        }
    }

    fn begin_flow(&mut self, id: ConnectionId, flow: Arc<Flow>) {
        match self.slot(id).filter(|slot| slot.sends() && slot.is_stream()) {
            Some(slot) => {
                flow.full.store(slot.full, SeqCst);
                slot.pipe_mut().sources.push(flow);
            }
            None => {
                let source = flow.source.clone();
                source.post(Parcel::Gone(flow));
            }
        }
    }

    fn take_bytes(&mut self, id: ConnectionId, flow: &Arc<Flow>, bytes: BytesMut) {
        flow.on_the_way.fetch_sub(bytes.len(), SeqCst);
        let Some(slot) = self.slot(id).filter(|slot| slot.sends()) else {
            flow.source.post(Parcel::Gone(Arc::clone(flow)));
            return;
        };
        if slot.outbox.is_empty() {
            slot.outbox = bytes;
        } else {
            slot.outbox.extend_from_slice(&bytes);
        }
        self.grew(id);
        let full = self.slot(id).is_some_and(|slot| slot.full);
        flow.full.store(full, SeqCst);
        Flow::wake(flow);
    }
}
