//! Calendars with a fault, each of which the oracle must detect.

use super::*;

/// A fault of a calendar.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Wrong {
    Nothing,
    LosesAnEvent,
    FiresAnEventTwice,
    LastWrittenFirst,
    TiesInHashOrder,
    TimesInUnitsOf64,
    FiresAtTheEnd,
    ClockStandsStill,
    SweepTakesALivingOne,
    SweepLeavesADeadOne,
    MiscountsThePending,
}

/// A heap with a fault.
struct Broken {
    wrong: Wrong,
    heap: BinaryHeap<Reverse<(u64, u64, u32)>>,
    now: u64,
    written: u64,
}

impl Events for Broken {
    fn now(&self) -> u64 {
        self.now
    }
    fn pending(&self) -> usize {
        self.heap.len()
            + (self.wrong == Wrong::MiscountsThePending && self.heap.len() == 5) as usize
    }
    fn write(&mut self, span: u64, event: Event) {
        self.written += 1;
        let (time, number) = (self.now.saturating_add(span), self.written);
        let (time, order) = match self.wrong {
            Wrong::LosesAnEvent if number == 3 => return,
            Wrong::LastWrittenFirst => (time, u64::MAX - number),
            Wrong::TiesInHashOrder => (time, mix(number)),
            Wrong::TimesInUnitsOf64 => (time & !63, number),
            _ => (time, number),
        };
        self.heap.push(Reverse((time, order, sequence(event))));
        if self.wrong == Wrong::FiresAnEventTwice && number == 3 {
            self.heap.push(Reverse((time, order, sequence(event))));
        }
    }
    fn pop_before(&mut self, end: u64) -> Option<Event> {
        let Reverse((time, ..)) = *self.heap.peek()?;
        if time > end || time == end && self.wrong != Wrong::FiresAtTheEnd {
            return None;
        }
        if self.wrong != Wrong::ClockStandsStill {
            self.now = time;
        }
        self.heap.pop().map(|Reverse((_, _, number))| event(number))
    }
    fn move_to(&mut self, time: u64) {
        self.now = time;
    }
    fn purge_stale(&mut self, alive: &dyn Fn(Event) -> bool) {
        let before = self.heap.len();
        let mut spared = self.wrong == Wrong::SweepLeavesADeadOne;
        self.heap
            .retain(|Reverse((_, _, number))| alive(event(*number)) || std::mem::take(&mut spared));
        if self.wrong == Wrong::SweepTakesALivingOne && self.heap.len() < before {
            self.heap.pop();
        }
    }
}

#[test]
fn the_oracle_detects_every_broken_calendar() {
    // By construction: a heap without a fault passes the property, and one with any of these faults
    // fails it, on a script of few acts.
    use Wrong::*;
    let run = |wrong| {
        let broken = move || Broken { wrong, heap: BinaryHeap::new(), now: 0, written: 0 };
        runner(500, 44).run(&scripts(), move |script| {
            agrees(&mut broken(), script).map_err(TestCaseError::fail)
        })
    };
    assert!(run(Nothing).is_ok());
    let faults = [
        LosesAnEvent,
        FiresAnEventTwice,
        LastWrittenFirst,
        TiesInHashOrder,
        TimesInUnitsOf64,
        FiresAtTheEnd,
        ClockStandsStill,
        SweepTakesALivingOne,
        SweepLeavesADeadOne,
        MiscountsThePending,
    ];
    for wrong in faults {
        match run(wrong) {
            Err(TestError::Fail(_, script)) => {
                assert!(script.len() <= 12, "{wrong:?} needs a script as long as {script:?}")
            }
            other => panic!("{wrong:?} was not detected: {other:?}"),
        }
    }
}
