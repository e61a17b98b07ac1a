use super::*;
use std::task::{Context, Poll, Waker};

fn named(count: usize, allotment: Allotment) -> Vec<(String, Allotment)> {
    (0..count).map(|n| (format!("t{n}"), allotment)).collect()
}

/// Tenants `t0`, `t1` … who share so many slots.
pub(super) fn tenants(
    capacity: u32,
    allotments: &[Allotment],
) -> (Arc<Fairness>, Vec<Arc<Tenant>>) {
    let fairness = Fairness::new();
    let named: Vec<_> = (0..).map(|n| format!("t{n}")).zip(allotments).collect();
    let mut shared = fairness.share_out(
        capacity,
        PATIENT,
        named.iter().map(|(name, it)| (name, *it)),
    );
    let tenants = named.iter().map(|(name, _)| shared.remove(name).unwrap());
    let tenants = tenants.collect();
    (fairness, tenants)
}

const PATIENT: Duration = Duration::from_secs(60);

/// What a future comes to without waiting for anything.
pub(super) fn now<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = std::pin::pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    match future.as_mut().poll(&mut context) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap()
}

#[test]
fn a_tenant_alone_may_have_every_slot_and_no_more() {
    let _entered = runtime();
    let _entered = _entered.enter();
    let (fairness, tenants) = tenants(3, &[Allotment::default()]);
    let [tenant] = tenants.as_slice() else {
        unreachable!()
    };
    let mut slots: Vec<_> = (0..3)
        .map(|_| {
            now(tenant.slot(PATIENT))
                .unwrap()
                .unwrap_or_else(|_| unreachable!())
        })
        .collect();
    assert!(now(tenant.slot(PATIENT)).is_none());
    let all = SlotUse {
        capacity: 3,
        taken: 3,
    };
    assert_eq!(fairness.slot_use(), all);
    slots.pop();
    assert_eq!(fairness.slot_use().taken, 2);
    assert!(now(tenant.slot(PATIENT)).is_some());
    drop(slots);
    assert_eq!(fairness.slot_use().taken, 0);
    assert_eq!(tenant.calls().waiting, 0);
}

#[test]
fn one_of_several_tenants_may_have_half_unless_told_otherwise() {
    let runtime = runtime();
    let _entered = runtime.enter();
    let own = Allotment {
        concurrency: Some(3),
        ..Allotment::default()
    };
    let (_, tenants) = tenants(16, &[Allotment::default(), own]);
    for (tenant, most) in tenants.iter().zip([8, 3]) {
        let slots: Vec<_> = (0..20).filter_map(|_| now(tenant.slot(PATIENT))).collect();
        assert_eq!(slots.len(), most);
        assert_eq!(tenant.calls().concurrency as usize, most);
    }
}

#[test]
fn a_tenant_without_a_call_finds_a_slot_beside_busy_ones() {
    let runtime = runtime();
    let _entered = runtime.enter();
    let (fairness, tenants) = tenants(16, &[Allotment::default(); 4]);
    let slots: Vec<_> = tenants[..3]
        .iter()
        .flat_map(|tenant| (0..16).filter_map(|_| now(tenant.slot(PATIENT))))
        .collect();
    // The third had none before its first, and may not have a second.
    assert_eq!(slots.len(), 15, "an eighth is kept");
    assert_eq!(fairness.slot_use().taken, 15);
    assert!(now(tenants[3].slot(PATIENT)).is_some());
}

#[test]
fn the_queue_is_bounded_and_those_who_left_it_do_not_count() {
    let runtime = runtime();
    let _entered = runtime.enter();
    let allotment = Allotment {
        queue: 2,
        ..Allotment::default()
    };
    let (_, tenants) = tenants(1, &[allotment]);
    let tenant = &tenants[0];
    let slot = now(tenant.slot(PATIENT)).unwrap();
    let mut first = Box::pin(tenant.slot(PATIENT));
    let mut second = Box::pin(tenant.slot(PATIENT));
    assert!(now(first.as_mut()).is_none());
    assert!(now(second.as_mut()).is_none());
    let refused = now(tenant.slot(PATIENT)).unwrap().err();
    assert_eq!(refused, Some(Refusal::QueueFull { limit: 2 }));
    drop(first);
    assert_eq!(tenant.calls().waiting, 1);
    assert!(now(tenant.slot(PATIENT)).is_none());
    drop(slot);
    assert!(now(second).unwrap().is_ok());
}

#[test]
fn who_would_wait_in_vain_is_refused_at_once() {
    let runtime = runtime();
    let _entered = runtime.enter();
    let fairness = Fairness::new();
    let patience = Duration::from_millis(100);
    let (name, allotment) = ("t".to_owned(), Allotment::default());
    let tenant = &fairness.share_out(1, patience, [(&name, &allotment)])["t"];
    let slot = now(tenant.slot(PATIENT)).unwrap();
    let mut first = Box::pin(tenant.slot(PATIENT));
    assert!(now(first.as_mut()).is_none());
    assert_eq!(tenant.refusal(), None);
    std::thread::sleep(patience);
    assert!(matches!(
        tenant.refusal(),
        Some(Refusal::WaitTooLong { .. })
    ));
    // It is the first that counts, and one that has gone is none.
    drop(first);
    assert_eq!(tenant.refusal(), None);
    drop(slot);
    assert!(now(tenant.slot(PATIENT)).unwrap().is_ok());
}

#[test]
fn whoever_waits_too_long_is_refused() {
    let (_, tenants) = tenants(1, &[Allotment::default()]);
    let tenant = &tenants[0];
    runtime().block_on(async {
        let _slot = tenant.slot(PATIENT).await;
        let refused = tenant.slot(Duration::from_millis(20)).await.err();
        assert!(
            matches!(refused, Some(Refusal::NoSlot { waited }) if waited.as_millis() >= 20),
            "{refused:?}"
        );
    });
    assert_eq!(tenant.calls().running, 0);
}

#[test]
fn a_slot_given_to_somebody_who_is_gone_goes_to_the_next() {
    let runtime = runtime();
    let _entered = runtime.enter();
    let (fairness, tenants) = tenants(1, &[Allotment::default()]);
    let slot = now(tenants[0].slot(PATIENT)).unwrap();
    let mut gone = Box::pin(tenants[0].slot(PATIENT));
    let mut next = Box::pin(tenants[0].slot(PATIENT));
    assert!(now(gone.as_mut()).is_none());
    assert!(now(next.as_mut()).is_none());
    drop(slot);
    // It has been given the slot and does not look.
    drop(gone);
    let slot = now(next).unwrap();
    assert!(slot.is_ok());
    drop(slot);
    assert_eq!(fairness.slot_use().taken, 0);
}

/// A thousand waiting calls of one tenant do not push back the one of another.
#[test]
fn a_free_slot_goes_to_the_tenant_with_the_fewest_for_its_share() {
    let runtime = runtime();
    let _entered = runtime.enter();
    let share = |share| Allotment {
        share,
        queue: 1_000,
        concurrency: Some(100),
        ..Allotment::default()
    };
    let (_, tenants) = tenants(6, &[share(1), share(2)]);
    let slots: Vec<_> = (0..6)
        .map(|_| now(tenants[0].slot(PATIENT)).unwrap())
        .collect();
    let queue = |tenant: &Arc<Tenant>, count: usize| {
        let tenant = Arc::clone(tenant);
        (0..count)
            .map(|_| {
                let tenant = Arc::clone(&tenant);
                let mut waiting = Box::pin(async move { tenant.slot(PATIENT).await });
                assert!(now(waiting.as_mut()).is_none());
                waiting
            })
            .collect::<Vec<_>>()
    };
    let many = queue(&tenants[0], 1_000);
    let few = queue(&tenants[1], 4);
    drop(slots);
    // With shares of one and two, two of six and four of six.
    assert_eq!(tenants[0].calls().running, 2);
    assert_eq!(tenants[1].calls().running, 4);
    drop((many, few));
    assert_eq!(tenants[0].calls().running, 0);
}

#[test]
fn fuel_a_minute_is_charged_and_refused_with_the_time_until_there_is_some() {
    let runtime = runtime();
    let _entered = runtime.enter();
    let allotment = Allotment {
        fuel_per_minute: Some(1_000),
        ..Allotment::default()
    };
    let (_, tenants) = tenants(4, &[allotment]);
    let Ok(slot) = now(tenants[0].slot(PATIENT)).unwrap() else {
        unreachable!()
    };
    slot.charge(3_000);
    let refused = now(tenants[0].slot(PATIENT)).unwrap().err().unwrap();
    assert_eq!(refused.kind(), "fuel-spent");
    assert_eq!(refused.wait().as_secs(), 119.max(refused.wait().as_secs()));
    assert!(refused.wait().as_secs() <= 121);
}

#[test]
fn a_tenant_keeps_its_account_over_a_new_configuration() {
    let runtime = runtime();
    let _entered = runtime.enter();
    let fairness = Fairness::new();
    let before = named(2, Allotment::default());
    let before = fairness.share_out(4, PATIENT, before.iter().map(|(name, it)| (name, it)));
    let slot = now(before["t0"].slot(PATIENT)).unwrap();
    let after = named(1, Allotment::default());
    let after = fairness.share_out(1, PATIENT, after.iter().map(|(name, it)| (name, it)));
    assert!(Arc::ptr_eq(&before["t0"], &after["t0"]));
    // The call of the configuration before counts.
    assert!(now(after["t0"].slot(PATIENT)).is_none());
    drop(slot);
    assert!(now(after["t0"].slot(PATIENT)).is_some());
    drop(before);
    assert_eq!(fairness.slots().known(), 1);
}

#[test]
fn a_request_waits_once_and_keeps_its_slot_for_all_its_calls() {
    let (fairness, tenants) = tenants(1, &[Allotment::default()]);
    runtime().block_on(async {
        let left = Duration::from_millis(100);
        let mut first = Admission::new(&tenants[0]);
        assert!(first.slot(left).await.is_ok());
        assert!(first.slot(left).await.is_ok());
        assert_eq!(fairness.slot_use().taken, 1);
        let mut second = Admission::new(&tenants[0]);
        let refused = second.slot(left).await.err();
        assert!(
            matches!(refused, Some(Refusal::NoSlot { waited }) if waited >= left),
            "{refused:?}"
        );
        let refused = second.slot(PATIENT).await.err();
        assert!(
            matches!(refused, Some(Refusal::NoSlot { waited }) if waited < PATIENT / 2),
            "{refused:?}"
        );
        drop(first);
        assert!(second.slot(left).await.is_ok());
    });
    assert_eq!(fairness.slot_use().taken, 0);
}
