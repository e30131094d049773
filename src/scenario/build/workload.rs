//! Workloads built in Rust: open, with users, closed, in sessions; rates that change over time.

use crate::random::dists::Dist;
use crate::units::{Count, Rate, Span};
use crate::workload::{
    Arrivals, Closed, Elasticity, Mmpp, Open, Patience, RateShape, Reload, Replay, Sessions, Stage,
    Stages, Tool, Users, Workload,
};
use indexmap::IndexMap;

impl Workload {
    /// Creates an open workload: requests to an endpoint (`api.GET /item`) arrive as a Poisson
    /// process at this rate, independently of their outcomes.
    pub fn open(to: impl Into<String>, rate: impl Into<RateShape>) -> Workload {
        Workload { to: Some(to.into()), open: Some(Open::new(rate)), ..Workload::empty() }
    }
    /// Creates an open workload whose requests go to several endpoints, in proportion to their
    /// weights.
    pub fn mix<E: Into<String>>(
        endpoints: impl IntoIterator<Item = (E, f64)>,
        rate: impl Into<RateShape>,
    ) -> Workload {
        let mix =
            endpoints.into_iter().map(|(endpoint, weight)| (endpoint.into(), weight)).collect();
        Workload { mix, open: Some(Open::new(rate)), ..Workload::empty() }
    }
    /// Creates a workload of users: `active` of them at a time, each sending requests at the rate
    /// `each`.
    pub fn users(to: impl Into<String>, active: impl Into<Dist<Count>>, each: Rate) -> Workload {
        Workload {
            to: Some(to.into()),
            users: Some(Users::new(active.into(), each)),
            ..Workload::empty()
        }
    }
    /// Creates a workload of closed users: each waits for an answer, thinks, and sends its next
    /// request.
    pub fn closed(to: impl Into<String>, users: u64, think: impl Into<Dist<Span>>) -> Workload {
        Workload {
            to: Some(to.into()),
            closed: Some(Closed::new(users, think.into())),
            ..Workload::empty()
        }
    }
    /// Creates a workload of sessions: users who come at a rate, send some requests one after the
    /// other, and leave.
    pub fn sessions(to: impl Into<String>, sessions: Sessions) -> Workload {
        Workload { to: Some(to.into()), sessions: Some(sessions), ..Workload::empty() }
    }
    /// Creates a workload that replays a trace; all its requests go to one endpoint, or, if the
    /// file names endpoints, to those of a service.
    pub fn replay(to: impl Into<String>, replay: Replay) -> Workload {
        Workload { to: Some(to.into()), replay: Some(replay), ..Workload::empty() }
    }
    /// Sets the arrival process of an open workload, or of sessions; the default is
    /// [`Arrivals::Poisson`].
    #[must_use]
    pub fn with_arrivals(mut self, arrivals: Arrivals) -> Workload {
        match (&mut self.open, &mut self.sessions) {
            (Some(open), _) => open.arrivals = arrivals,
            (_, Some(sessions)) => sessions.arrivals = arrivals,
            _ => {}
        }
        self
    }
    /// Sets how long users wait for an answer: a request that takes longer is `abandoned`, while
    /// what has begun of it goes on.
    #[must_use]
    pub fn with_patience(mut self, patience: impl Into<Dist<Span>>) -> Workload {
        self.patience = Some(Patience { span: patience.into(), cancel: false });
        self
    }
    /// Sets the most requests in flight; those that arrive above it are `dropped`.
    #[must_use]
    pub fn with_max_in_flight(mut self, most: u64) -> Workload {
        self.max_in_flight = Some(Count(most));
        self
    }
    /// Sets that users come less often, the longer answers take.
    ///
    /// ```
    /// use asyncflow::scenario::{Elasticity, Workload};
    /// use asyncflow::units::{Rate, Span};
    ///
    /// let users = Workload::open("api.GET /", Rate::per_second(100.0))
    ///     .with_elasticity(Elasticity::new(Span::from_seconds(0.2), 0.5))
    ///     .with_tool(10);
    /// assert!(users.elasticity.is_some() && users.tool.is_some());
    /// ```
    #[must_use]
    pub fn with_elasticity(mut self, elasticity: Elasticity) -> Workload {
        self.elasticity = Some(elasticity);
        self
    }
    /// Sets a load generator whose view of the requests is reported too: one that waits for answers
    /// on this number of connections.
    #[must_use]
    pub fn with_tool(mut self, connections: u64) -> Workload {
        self.tool = Some(Tool::new(connections));
        self
    }
    /// Sets that users send their failed requests again.
    #[must_use]
    pub fn with_reload(mut self, reload: Reload) -> Workload {
        self.reload = Some(reload);
        self
    }
    fn empty() -> Workload {
        Workload {
            to: None,
            mix: IndexMap::new(),
            via: Vec::new(),
            open: None,
            users: None,
            closed: None,
            sessions: None,
            replay: None,
            max_in_flight: None,
            class: None,
            keys: IndexMap::new(),
            patience: None,
            elasticity: None,
            tool: None,
            reload: None,
        }
    }
}

impl Open {
    /// Creates a Poisson process at a rate.
    pub fn new(rate: impl Into<RateShape>) -> Open {
        Open { rate: rate.into(), arrivals: Arrivals::default() }
    }
}

impl From<Rate> for RateShape {
    fn from(rate: Rate) -> RateShape {
        RateShape::Constant(rate)
    }
}

impl From<Mmpp> for RateShape {
    fn from(mmpp: Mmpp) -> RateShape {
        RateShape::Mmpp(mmpp)
    }
}

impl From<Stages> for RateShape {
    fn from(stages: Stages) -> RateShape {
        RateShape::Stages(stages)
    }
}

impl Stages {
    /// Creates a rate that changes over time, and begins with this value.
    ///
    /// ```
    /// use asyncflow::scenario::{Stages, Workload};
    /// use asyncflow::units::{Rate, Span};
    /// // 80/s for a minute, then twice as much at once.
    /// let rate = Stages::new(Rate::per_second(80.0))
    ///     .ramp(Rate::per_second(80.0), Span::from_seconds(60.0))
    ///     .ramp(Rate::per_second(160.0), Span::ZERO);
    /// let users = Workload::open("api.GET /item", rate);
    /// ```
    pub fn new(rate: Rate) -> Stages {
        Stages { from: rate, stages: Vec::new() }
    }
    /// Adds a linear ramp to a rate; over [`Span::ZERO`] it is a jump.
    #[must_use]
    pub fn ramp(mut self, rate: Rate, over: impl Into<Span>) -> Stages {
        self.stages.push(Stage { to: rate, over: over.into() });
        self
    }
}
