//! The epoch system that begins the measured part and its phases: from then on requests are counted
//! by themselves (`measure/meter.rs`).

use super::epochs::{Epoch, Stretch};
use crate::measure::Recorder;
use bevy_ecs::prelude::*;

/// Begins a stretch.
pub(crate) fn begin(mut recorder: ResMut<Recorder>, epoch: Res<Epoch>) {
    match epoch.stretch {
        Some(Stretch::Measured) => recorder.begin(),
        Some(Stretch::Phase) => recorder.begin_phase(epoch.end),
        None => {}
    }
}
