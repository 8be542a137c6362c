using System.Collections.Concurrent;
using Pantry.Configuration;
using Pantry.Protocol;
using Pantry.Targeting;

namespace Pantry.Server;

/// <summary>
/// Claims on an identity that another run of the client holds, under the same key. The holder is asked whether it is still
/// there, and its next word decides; silence gives the identity to the claimant.
/// </summary>
/// <param name="registry">Who holds what.</param>
/// <param name="deciding">Held while a client is let in.</param>
/// <param name="audit">Refused claims.</param>
/// <param name="counters">Counters.</param>
/// <param name="options">How long a holder may be silent.</param>
/// <param name="time">Clock.</param>
/// <param name="dismiss">Ends a holder that does not answer.</param>
/// <param name="admit">Lets a claimant in.</param>
internal sealed class IdentityClaims(
    ClientRegistry registry, Lock deciding, ServerAudit audit, ServerCounters counters, PantryOptions options, TimeProvider time,
    Action<ClientRecord, ServerSession> dismiss, Action<ServerSession, Register, ulong> admit)
{
    private readonly ConcurrentDictionary<string, Claim> _claims = new(Names.Comparer);

    /// <summary>
    /// A session claims what another holds. The holder is asked once for all that claim the name meanwhile: a flood of
    /// claims must not fill its queue, nor put the decision off.
    /// </summary>
    public void Add(ClientRecord known, ServerSession holder, ServerSession claimant, Register register, ulong correlation)
    {
        bool asked = _claims.TryGetValue(known.Identity, out Claim? earlier);
        _claims[known.Identity] = new Claim(claimant, register, correlation, asked ? earlier!.Since : time.GetTimestamp());
        if (!asked)
            holder.Post(new Message(MessageKind.Heartbeat, new Heartbeat(0)));
    }

    /// <summary>The holder has said something: it is there, and keeps its identity.</summary>
    public void Contest(ClientRecord holder)
    {
        if (!_claims.TryRemove(holder.Identity, out Claim? claim))
            return;
        counters.Dropped("IdentityInUse");
        audit.Refused("IdentityInUse", claim.Session.Key, claim.Session.Address);
        claim.Session.Post(ServerHost.Refusal(PantryErrorCode.IdentityInUse,
            $"The identity '{holder.Identity}' belongs to another client that is online and answers"
            + (holder.Facts is { } facts ? $" (host {facts.HostName}, process {facts.ProcessId})" : "")
            + ". Give this client another -Identity, or stop the other one.", claim.Correlation));
    }

    /// <summary>Claims on an identity whose holder has not shown itself are decided for the claimant.</summary>
    public void Sweep()
    {
        foreach ((string identity, Claim claim) in _claims)
        {
            lock (deciding)
                Decide(identity, claim);
        }
    }

    private void Decide(string identity, Claim claim)
    {
        bool holderGone = registry.Find(identity)?.Session is null;
        if (!holderGone && time.GetElapsedTime(claim.Since) < options.ProbeTimeout)
            return;
        // By its value: a later claim of the same name may have taken its place.
        if (!_claims.TryRemove(KeyValuePair.Create(identity, claim)))
            return;
        if (registry.Find(identity) is { Session: { } holder } record)
            dismiss(record, holder);
        if (!claim.Session.Closed)
            admit(claim.Session, claim.Register, claim.Correlation);
    }

    private sealed record Claim(ServerSession Session, Register Register, ulong Correlation, long Since);
}
