//! To come.

#[test]
fn dbg() {
    use detente_core::Tlp;
    use detente_testkit::*;
    for seed in 21..23 {
        let (world, accord) = World::in_force(seed, &Terms::default());
        world.members[0].hold_domains(&["x.example"], Tlp::Green);
        world.members[1].hold_domains(&["x.example"], Tlp::Green);
        let _ = crate::matched(&world, accord);
        println!("A {} B {}", world.members[0].id.short(), world.members[1].id.short());
        for e in &world.node(0).state(accord).unwrap().history {
            println!("{} {} {} {:?}", e.author.short(), e.sequence, e.summary, e.effect);
        }
        for m in &world.members {
            for leaf in m.leaves(accord, m.id) {
                let h = detente_core::sign::Unverified::<detente_core::act::Header>::read(&leaf)
                    .unwrap();
                let h = h.claim();
                println!(
                    "{} {} {} seen {:?}",
                    m.name,
                    h.sequence,
                    h.kind,
                    h.seen.iter().map(|s| s.size).collect::<Vec<_>>()
                );
            }
        }
        println!("{:?}", world.audit(0, accord).findings);
    }
}
