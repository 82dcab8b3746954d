"""Engine shell: moves inputs to the core, events to the journal and effects to the venue."""
