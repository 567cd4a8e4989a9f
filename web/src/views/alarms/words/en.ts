import type { Words } from "./fr";

const en: Words = {
  active: (count) => (count === 1 ? "1 active alarm" : `${count} active alarms`),
  cause: "Likely cause",
  check: "Check",
  act: "Act",
  before: (time) => `already active when this page was opened (${time})`,
  since: (time) => `since ${time}`,
  between: (from, to) => `began between ${from} and ${to}, while the connection was lost`,
  servers: "Server’s text",
  none: "No active alarm.",
  noneSince: (time) => `Nothing since this page was opened (${time}).`,
  last: (name, time) => `Last: ${name}, ended at ${time}.`,
  unknown: "The alarms are not known yet.",
  unknownOf: (meter) => `${meter}: no data, alarms unknown.`,
  doubtful: "To be confirmed: the meter or the connection gives no recent value.",
  history: "Seen since this page was opened",
  historyHint: (time) => `Since ${time}, in this browser only. Gone when the page is closed.`,
  nothing: "Nothing has changed.",
  raised: "began",
  cleared: "ended",
  link: "link",
  how: "Priorities: 1 critical, act at once; 2 major, act this shift; 3 minor, plan it.",
  texts: {
    overload: {
      cause: "Demand is above the configured limit: too many machines at the same time.",
      check: "Which machines have just started; the subscribed power; a faulty feeder.",
      act: "Stop or shift equipment that is not critical, then watch the peak.",
    },
    power_factor_low: {
      cause: "Too much reactive power: lightly loaded motors, capacitor bank faulty or switched off.",
      check: "The PF controller, fuses and steps of the bank; idling motors.",
      act: "Put the bank back into service or switch in a step; stop idling motors.",
    },
    voltage_low: {
      cause: "Voltage drop: mains, transformer or cable overloaded, loose terminal.",
      check: "The voltage of all three phases, the load of the lowest, terminals, the transformer tap.",
      act: "Relieve the most loaded phase; if all three are low, call the grid operator.",
    },
    voltage_high: {
      cause: "Lightly loaded mains, overcompensation, local generation, or a broken neutral if one phase rises alone.",
      check: "The neutral first if the phases differ; the capacitor bank; the transformer tap.",
      act: "Neutral suspect: switch off single-phase loads. Otherwise switch out steps and call the grid operator.",
    },
    unbalance: {
      cause: "Single-phase loads badly distributed, a phase missing, a blown fuse.",
      check: "The current of each phase and the neutral, the fuses, large single-phase loads.",
      act: "Move load from the most loaded to the least loaded phase, see the page Phases.",
    },
    distortion: {
      cause: "Non-linear loads (drives, rectifiers, LED lighting) or resonance with capacitors.",
      check: "Which machines run when the figure rises; the detuning reactors of the bank.",
      act: "Switch off a bank without reactors if it resonates; plan a filter and a class A measurement.",
    },
  },
};

export default en;
