namespace ImapGateway.Webhooks.Lanes;

/// <summary>The kind of the next step of a lane.</summary>
public enum LaneStepKind
{
    /// <summary>Wait until an event, or until a time.</summary>
    Wait,
    Send,
    /// <summary>The item is set apart: it is retried by itself, and no longer delays those after it.</summary>
    SetApart,
    /// <summary>There is no proof that the endpoint is alive: the endpoint fails, not the item.</summary>
    Suspect,
    /// <summary>The schedule is over, and everything that could be tried was tried.</summary>
    GiveUp,
}

/// <param name="Item">The item to send or to set apart.</param>
/// <param name="Until">The end of a wait, or null to wait for an event.</param>
/// <param name="IsProbe">True for an attempt that the endpoint's schedule counts.</param>
/// <param name="IsCandidate">True for an attempt that may prove that the endpoint is alive. The number of these is limited.</param>
public readonly record struct LaneStep(LaneStepKind Kind, LaneItem? Item = null, DateTimeOffset? Until = null, bool IsProbe = false, bool IsCandidate = false);

/// <summary>The state of the endpoint for one of its lanes.</summary>
/// <param name="IsFailing">True if the endpoint accepts nothing: one lane, the prober, tries for all.</param>
/// <param name="LastSuccess">The last success of any of its lanes, on any node.</param>
/// <param name="IsProber">True if this lane is the prober.</param>
/// <param name="NextProbeAt">The time of the next probe by the schedule.</param>
/// <param name="IsExhausted">True if the schedule is over.</param>
/// <param name="Candidates">The number of untried changes that may be tried in addition to the probes.</param>
public readonly record struct LaneHealth(bool IsFailing, DateTimeOffset? LastSuccess, bool IsProber = false, DateTimeOffset NextProbeAt = default, bool IsExhausted = false, int Candidates = 0);
