use super::super::tests::{now, tenants};
use super::super::{Allotment, locked};
use super::*;
use std::cell::RefCell;
use std::future::{pending, poll_fn};
use std::rc::Rc;

const HEAVY: u64 = 1;
const LIGHT: u64 = 2;
const STEP: Duration = Duration::from_millis(1);
const MUCH: Duration = Duration::from_secs(1);

/// A call whose steps each write its name, and that never ends.
async fn steps(name: &'static str, to: Rc<RefCell<Vec<&'static str>>>) {
    poll_fn(|_| {
        to.borrow_mut().push(name);
        Poll::<()>::Pending
    })
    .await;
}

/// Makes the first tenant heavy.
fn turns(cores: usize) -> (Turns, Instant) {
    let turns = Turns::new(cores);
    let now = Instant::now();
    let turn = turns.begin(HEAVY, now).unwrap();
    turns.end(HEAVY, turn, STEP, MUCH, now);
    (turns, now)
}

#[test]
fn heavy_tenants_leave_a_core_to_the_others_while_there_are_others() {
    let (turns, start) = turns(2);
    let one = turns.begin(HEAVY, start).unwrap();
    let other = turns.begin(HEAVY, start);
    assert!(other.is_err(), "the others were here before it was heavy");
    let light = turns.begin(LIGHT, start).unwrap();
    turns.end(LIGHT, light, STEP, STEP, start);
    // Nobody but the heavy one for a while: it may have both.
    let later = start + Duration::from_millis(300);
    turns.end(HEAVY, one, STEP, MUCH, later);
    let mut other = other.unwrap_err();
    assert!(other.try_recv().is_ok());
    assert!(turns.begin(HEAVY, later).is_ok());
    // And then the light one has to wait for one step.
    let mut light = turns.begin(LIGHT, later).unwrap_err();
    assert!(light.try_recv().is_err());
}

#[test]
fn a_tenant_is_heavy_for_a_while_only() {
    let (turns, start) = turns(1);
    let much_later = start + Duration::from_secs(11);
    let turn = turns.begin(HEAVY, much_later).unwrap();
    assert!(!turn.heavy);
}

#[test]
fn who_has_had_the_least_time_for_its_share_is_next() {
    let turns = Turns::new(1);
    let now = Instant::now();
    turns.weigh(1, 1);
    turns.weigh(2, 3);
    let mut running = turns.begin(1, now).unwrap();
    let mut whose = 1;
    let mut queues = [Vec::new(), Vec::new()];
    let mut had = [0, 0];
    for _ in 0..80 {
        for tenant in [1, 2] {
            let queue: &mut Vec<_> = &mut queues[tenant as usize - 1];
            queue.push(turns.begin(tenant, now).unwrap_err());
        }
    }
    for _ in 0..80 {
        turns.end(whose, running, STEP, STEP, now);
        let next = queues.iter_mut().zip([1, 2]).find_map(|(queue, tenant)| {
            let turn = queue.first_mut()?.try_recv().ok()?;
            queue.remove(0);
            Some((tenant, turn))
        });
        (whose, running) = next.unwrap();
        had[whose as usize - 1] += 1;
    }
    assert!(
        (19..=21).contains(&had[0]),
        "a quarter of the time: {had:?}"
    );
}

#[test]
fn no_turn_is_lost_with_a_call_that_is_dropped() {
    let (_, tenants) = tenants(4, &[Allotment::default(); 2]);
    let turns = &tenants[0].fairness.turns;
    let now_at = Instant::now();
    let held: Vec<_> = std::iter::from_fn(|| turns.begin(HEAVY, now_at).ok())
        .take(1_000)
        .collect();
    let steps_of = Rc::new(RefCell::new(Vec::new()));
    let meters = [(); 3].map(|()| TurnMeter::default());
    let mut waits = Box::pin(tenants[0].in_turns(&meters[0], steps("waits", Rc::clone(&steps_of))));
    let mut gone = Box::pin(tenants[1].in_turns(&meters[1], steps("gone", Rc::clone(&steps_of))));
    assert!(now(gone.as_mut()).is_none());
    assert!(now(waits.as_mut()).is_none());
    assert!(steps_of.borrow().is_empty());
    drop(gone);
    for turn in held {
        turns.end(HEAVY, turn, STEP, STEP, now_at);
    }
    assert!(now(waits.as_mut()).is_none());
    assert_eq!(*steps_of.borrow(), ["waits"]);
    assert!(meters[0].waited() > Duration::ZERO && meters[0].computed() > Duration::ZERO);
    assert!(meters[1].waited() > Duration::ZERO && meters[1].computed() == Duration::ZERO);
    drop(waits);
    assert_eq!(locked(&turns.state).running, 0);
    // One that waits for something else holds no turn meanwhile.
    let mut idle = Box::pin(tenants[0].in_turns(&meters[2], pending::<()>()));
    assert!(now(idle.as_mut()).is_none());
    assert_eq!(locked(&turns.state).running, 0);
}

/// A heavy tenant gets less than its share while there are others. It does not get all of
/// that back at once when it is heavy no longer.
#[test]
fn what_heavy_tenants_went_without_is_not_kept_for_them() {
    let (turns, start) = turns(2);
    let long_ago = start;
    let heavy = turns.begin(HEAVY, long_ago).unwrap();
    // It waits for its turn for five seconds of the other's.
    for _ in 0..5_000 {
        let light = turns.begin(LIGHT, long_ago).unwrap();
        turns.end(LIGHT, light, STEP, STEP, long_ago);
    }
    let later = start + Duration::from_secs(11);
    let light = turns.begin(LIGHT, later).unwrap();
    let mut running = vec![(HEAVY, heavy), (LIGHT, light)];
    let mut queues = [Vec::new(), Vec::new()];
    for _ in 0..100 {
        for tenant in [HEAVY, LIGHT] {
            let queue: &mut Vec<_> = &mut queues[tenant as usize - 1];
            queue.push(turns.begin(tenant, later).unwrap_err());
        }
    }
    let mut had = [0, 0];
    for _ in 0..40 {
        for (tenant, turn) in running.drain(..) {
            turns.end(tenant, turn, STEP, STEP, later);
        }
        for (queue, tenant) in queues.iter_mut().zip([HEAVY, LIGHT]) {
            let given = queue.iter_mut().filter_map(|it| it.try_recv().ok());
            running.extend(given.map(|turn| (tenant, turn)));
        }
        for (tenant, _) in &running {
            had[*tenant as usize - 1] += 1;
        }
    }
    assert!(had[1] >= 20, "the light one has hardly had a turn: {had:?}");
}
