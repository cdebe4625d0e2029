package operation

// BusSource is the source of all notices that operations publish to the event bus: by it EventBridge's rules tell them from what
// others put there.
const BusSource = "strongroom"
