//! The life of alarms.

use super::{ANY, SECONDS};
use crate::calc::feature::{
    Fault, Feature, Outcome, Range,
    Shape::{Number, Numbers, Pairs, Word, Words},
    input, output,
};
use crate::calc::given::Given;
use alarm::state::{AlarmEvent, AlarmLife};
use alarm::{deadband, rate};
use serde_json::json;

const EVENTS: &[&str] = &[
    "cond_on",
    "cond_off",
    "ack",
    "shelve",
    "unshelve",
    "suppress",
    "unsuppress",
    "oos",
    "return_to_service",
];

pub(super) const FEATURES: &[Feature] = &[
    Feature {
        name: "alarm_state",
        title: "states of an alarm through its events",
        formula: "NORM → UNACK → ACKED → NORM, UNACK → RTNUN → NORM; SHLVD, DSUPR, OOSRV aside",
        source: "ISA-18.2-2016; IEC 62682:2022",
        assumptions: &["starts in NORM; shelved alarms go on watching their condition"],
        inputs: &[input("events", "", Words(EVENTS), "what happened, in order")],
        outputs: &[output("states", "", "the state after each event")],
        example: "events=cond_on,cond_off,ack",
        compute: states,
    },
    Feature {
        name: "deadband_delay",
        title: "when a limit with deadband and delays raises and clears",
        formula: "on: x > limit held for on_delay; off: x < limit − deadband held for off_delay",
        source: "ISA-18.2-2016 (alarm attributes), evaluated at the samples",
        assumptions: &["a high limit; a sample on the other side starts the delay anew"],
        inputs: &[
            input("limit", "", Number(ANY), "the limit"),
            input("deadband", "", Number(Range::from(0.0, 1e15)), "how far below it must fall")
                .or("0"),
            input("on_delay_s", "s", Number(SECONDS), "delay before it raises").or("0"),
            input("off_delay_s", "s", Number(SECONDS), "delay before it clears").or("0"),
            input("t_x", "s, –", Pairs(ANY), "samples: time and value, oldest first"),
        ],
        outputs: &[
            output("on_at_s", "s", "when it raises"),
            output("off_at_s", "s", "when it clears after that"),
        ],
        example: "limit=50 deadband=2 on_delay_s=10 off_delay_s=5 t_x=0:49,5:51,16:52,30:47,36:46",
        compute: raised,
    },
    Feature {
        name: "flood",
        title: "alarm flood",
        formula: "more than 10 alarms in any window",
        source: "ISA-18.2-2016, IEC 62682:2022: more than 10 alarms in 10 minutes",
        assumptions: &["the window slides; a window of w minutes holds minutes m to below m + w"],
        inputs: &[
            input("alarm_minutes", "min", Numbers((0, 100_000), ANY), "minute of each alarm"),
            input("window_min", "min", Number(Range::above(0.0, 1e6)), "length of the window")
                .or("10"),
        ],
        outputs: &[
            output("flood", "", "more than 10 in a window"),
            output("count", "", "most alarms in any window"),
        ],
        example: "alarm_minutes=0,1,1,2,3,3,4,5,6,7,8",
        compute: flood,
    },
    Feature {
        name: "chattering",
        title: "whether an alarm chatters",
        formula: "N activations within S seconds",
        source: "ISA-18.2-2016, first-pass rule: 3 or more in 60 s",
        assumptions: &["both ends of the time count"],
        inputs: &[
            input("activations_s", "s", Numbers((0, 100_000), ANY), "time of each activation"),
            input("rule", "", Word(&[]), "such as `>=3 in 60 s`").or(">=3 in 60 s"),
        ],
        outputs: &[output("chattering", "", "the rule holds somewhere")],
        example: "activations_s=0,12,25,58",
        compute: chattering,
    },
];

fn event(name: &str) -> Option<AlarmEvent> {
    Some(match name {
        "cond_on" => AlarmEvent::ConditionOn,
        "cond_off" => AlarmEvent::ConditionOff,
        "ack" => AlarmEvent::Acknowledge,
        "shelve" => AlarmEvent::Shelve,
        "unshelve" => AlarmEvent::Unshelve,
        "suppress" => AlarmEvent::Suppress,
        "unsuppress" => AlarmEvent::Unsuppress,
        "oos" => AlarmEvent::RemoveFromService,
        "return_to_service" => AlarmEvent::ReturnToService,
        _ => return None,
    })
}

fn states(given: &Given) -> Result<Outcome, Fault> {
    let mut life = AlarmLife::default();
    let state = |event: AlarmEvent| {
        life.happens(event);
        life.state().code()
    };
    let events = given.words("events").into_iter().filter_map(event);
    Ok(Outcome::of(json!({"states": events.map(state).collect::<Vec<_>>()})))
}

fn raised(given: &Given) -> Result<Outcome, Fault> {
    let samples = given.pairs("t_x");
    if !samples.is_sorted_by_key(|(t, _)| *t) {
        return Err(Fault::of("t_x", "expected samples in the order of their times"));
    }
    let limit = deadband::Limit {
        limit: given.number("limit"),
        deadband: given.number("deadband"),
        on_delay_s: given.number("on_delay_s"),
        off_delay_s: given.number("off_delay_s"),
    };
    let raised = deadband::raised(&limit, &samples);
    Ok(Outcome::of(json!({"on_at_s": raised.on_at_s, "off_at_s": raised.off_at_s}))
        .note_if(raised.on_at_s.is_none(), "never held above the limit for the delay: no alarm")
        .note_if(
            raised.on_at_s.is_some() && raised.off_at_s.is_none(),
            "still on at the last sample",
        ))
}

fn flood(given: &Given) -> Result<Outcome, Fault> {
    let count = rate::most_in_window(&given.numbers("alarm_minutes"), given.number("window_min"));
    Ok(Outcome::of(json!({"flood": count > rate::FLOOD_ALARMS_MAX, "count": count})))
}

fn chattering(given: &Given) -> Result<Outcome, Fault> {
    let wrong = || Fault::of("rule", format!("expected >=N in S s, got {}", given.word("rule")));
    let rule: String = given.word("rule").chars().filter(|c| !c.is_whitespace()).collect();
    let rule = rule.strip_prefix(">=").or_else(|| rule.strip_prefix('≥')).ok_or_else(wrong)?;
    let (count, seconds) = rule.split_once("in").ok_or_else(wrong)?;
    let count: usize = count.parse().ok().filter(|count| *count > 0).ok_or_else(wrong)?;
    let seconds: f64 = seconds.strip_suffix('s').unwrap_or(seconds).parse().map_err(|_| wrong())?;
    let chatters = rate::chatters(&given.numbers("activations_s"), count, seconds);
    Ok(Outcome::of(json!({"chattering": chatters})))
}
