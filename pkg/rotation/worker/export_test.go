package worker

// What tests compare with.
var ErrLate = errLate

// LeaseMargin is leaseMargin.
const LeaseMargin = leaseMargin

// SystemClock is systemClock.
type SystemClock = systemClock

// Unfit is unfit.
const Unfit = unfit
