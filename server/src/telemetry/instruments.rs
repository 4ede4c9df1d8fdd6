//! What metrics are made of: handles that are registered once and cost an atomic instruction at an event.

use std::{
    collections::HashMap,
    marker::PhantomData,
    sync::{Arc, OnceLock, PoisonError, RwLock},
};

use metrics::{Counter, Gauge, Histogram, Key, Label, Level, Metadata, Recorder};

/// The kind of a metric, as Prometheus names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Counter,
    Gauge,
    Histogram,
}

/// One or several labels whose values are all known beforehand.
pub(super) trait LabelSet: Copy + 'static {
    /// The labels' names.
    const NAMES: &'static [&'static str];
    /// How many combinations of values there are.
    const COUNT: usize;
    /// Every combination of values, in the order of [`LabelSet::index`].
    fn all() -> Vec<Self>;
    /// The place of this combination among all.
    fn index(self) -> usize;
    /// A value for each name.
    fn values(self) -> Vec<&'static str>;
}

impl LabelSet for () {
    const NAMES: &'static [&'static str] = &[];
    const COUNT: usize = 1;

    fn all() -> Vec<Self> {
        vec![()]
    }

    fn index(self) -> usize {
        0
    }

    fn values(self) -> Vec<&'static str> {
        Vec::new()
    }
}

/// What an event is told to: a counter, a gauge or a histogram.
pub(super) trait Handle: Sized {
    const KIND: Kind;
    fn register(recorder: &dyn Recorder, key: &Key) -> Self;
}

fn metadata() -> Metadata<'static> {
    Metadata::new(module_path!(), Level::INFO, Some(module_path!()))
}

impl Handle for Counter {
    const KIND: Kind = Kind::Counter;

    fn register(recorder: &dyn Recorder, key: &Key) -> Self {
        recorder.register_counter(key, &metadata())
    }
}

impl Handle for Gauge {
    const KIND: Kind = Kind::Gauge;

    fn register(recorder: &dyn Recorder, key: &Key) -> Self {
        recorder.register_gauge(key, &metadata())
    }
}

impl Handle for Histogram {
    const KIND: Kind = Kind::Histogram;

    fn register(recorder: &dyn Recorder, key: &Key) -> Self {
        recorder.register_histogram(key, &metadata())
    }
}

fn key(name: &'static str, labels: &[&'static str], values: &[&str]) -> Key {
    let labels = labels.iter().zip(values).map(|(name, value)| Label::new(*name, (*value).to_owned()));
    Key::from_parts(name, labels.collect::<Vec<_>>())
}

/// A metric of the catalogue.
pub(super) trait Instrument {
    const KIND: Kind;
    const LABELS: &'static [&'static str];
    /// The values of labels, where they are known beforehand.
    fn words() -> Vec<&'static str>;
    fn register(recorder: &Arc<dyn Recorder + Send + Sync>, name: &'static str) -> Self;
}

/// A metric with closed sets of values: each combination is there from the beginning, at zero.
pub(super) struct Family<H, L> {
    handles: Box<[H]>,
    labels: PhantomData<fn(L)>,
}

impl<H, L: LabelSet> Family<H, L> {
    pub(super) fn of(&self, labels: L) -> &H {
        &self.handles[labels.index()]
    }
}

impl<H: Handle, L: LabelSet> Instrument for Family<H, L> {
    const KIND: Kind = H::KIND;
    const LABELS: &'static [&'static str] = L::NAMES;

    fn words() -> Vec<&'static str> {
        L::all().into_iter().flat_map(L::values).collect()
    }

    fn register(recorder: &Arc<dyn Recorder + Send + Sync>, name: &'static str) -> Self {
        let handle = |labels: L| H::register(&**recorder, &key(name, L::NAMES, &labels.values()));
        Self { handles: L::all().into_iter().map(handle).collect(), labels: PhantomData }
    }
}

/// Two labels.
impl<A: LabelSet, B: LabelSet> LabelSet for (A, B) {
    const NAMES: &'static [&'static str] = &match (A::NAMES, B::NAMES) {
        ([a], [b]) => [*a, *b],
        _ => panic!("a pair is of two labels"),
    };
    const COUNT: usize = A::COUNT * B::COUNT;

    fn all() -> Vec<Self> {
        A::all().into_iter().flat_map(|a| B::all().into_iter().map(move |b| (a, b))).collect()
    }

    fn index(self) -> usize {
        self.0.index() * B::COUNT + self.1.index()
    }

    fn values(self) -> Vec<&'static str> {
        [self.0.values(), self.1.values()].concat()
    }
}

/// The name of a label whose values are words of the program's own.
pub(super) trait Word {
    const NAME: &'static [&'static str];
}

/// Counters by a word that stands in the source, such as an error's code; each is there from its first event on.
pub(super) struct WordCounters<W> {
    recorder: Arc<dyn Recorder + Send + Sync>,
    name: &'static str,
    known: RwLock<HashMap<&'static str, Counter>>,
    word: PhantomData<fn(W)>,
}

impl<W: Word> WordCounters<W> {
    pub(super) fn increment(&self, word: &'static str) {
        if let Some(counter) = self.known.read().unwrap_or_else(PoisonError::into_inner).get(word) {
            return counter.increment(1);
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let register = || Counter::register(&*self.recorder, &key(self.name, W::NAME, &[word]));
        known.entry(word).or_insert_with(register).increment(1);
    }
}

impl<W: Word> Instrument for WordCounters<W> {
    const KIND: Kind = Kind::Counter;
    const LABELS: &'static [&'static str] = W::NAME;

    fn words() -> Vec<&'static str> {
        Vec::new()
    }

    fn register(recorder: &Arc<dyn Recorder + Send + Sync>, name: &'static str) -> Self {
        Self { recorder: Arc::clone(recorder), name, known: RwLock::default(), word: PhantomData }
    }
}

/// The histograms of one route, by method and status.
type OfRoute = Vec<OnceLock<Histogram>>;

/// Durations of requests, by route and by the method and status that `L` is. Routes are templates of the router, so there are as many as it has.
pub(super) struct HttpDurations<L> {
    recorder: Arc<dyn Recorder + Send + Sync>,
    name: &'static str,
    routes: RwLock<HashMap<Box<str>, OfRoute>>,
    labels: PhantomData<fn(L)>,
}

impl<L: LabelSet> HttpDurations<L> {
    pub(super) fn record(&self, route: &str, labels: L, seconds: f64) {
        if let Some(histograms) = self.routes.read().unwrap_or_else(PoisonError::into_inner).get(route) {
            return self.histogram(histograms, route, labels).record(seconds);
        }
        let mut routes = self.routes.write().unwrap_or_else(PoisonError::into_inner);
        let histograms = routes
            .entry(route.into())
            .or_insert_with(|| std::iter::repeat_with(OnceLock::new).take(L::COUNT).collect());
        self.histogram(histograms, route, labels).record(seconds);
    }

    /// Registered at its first event: most routes know one method and few statuses.
    fn histogram<'a>(&self, histograms: &'a OfRoute, route: &str, labels: L) -> &'a Histogram {
        histograms[labels.index()].get_or_init(|| {
            let values = [&[route], &*labels.values()].concat();
            Histogram::register(&*self.recorder, &key(self.name, Self::LABELS, &values))
        })
    }
}

impl<L: LabelSet> Instrument for HttpDurations<L> {
    const KIND: Kind = Kind::Histogram;
    const LABELS: &'static [&'static str] = &["route", "method", "status"];

    fn words() -> Vec<&'static str> {
        L::all().into_iter().flat_map(LabelSet::values).collect()
    }

    fn register(recorder: &Arc<dyn Recorder + Send + Sync>, name: &'static str) -> Self {
        Self { recorder: Arc::clone(recorder), name, routes: RwLock::default(), labels: PhantomData }
    }
}
