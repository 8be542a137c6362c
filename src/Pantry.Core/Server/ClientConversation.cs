using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Pantry.Configuration;
using Pantry.Protocol;
using Pantry.Storage;
using Pantry.Targeting;

namespace Pantry.Server;

/// <summary>What the server says and hears in its sessions with clients.</summary>
internal sealed class ClientConversation(
    ClientRegistry registry, ClientAdmission admission, StreamRenewal renewal, Authority authority, ServerAudit audit, JobDispatcher jobs, PantryOptions options, TimeProvider time,
    ServerCounters counters, Action<ServerSession, string> close, ILogger log)
{
    private readonly RegistrationDesk _desk = new(counters, log);
    private readonly ConcurrentDictionary<string, Claim> _claims = new(Names.Comparer);

    public void Handle(ServerSession session, Message message)
    {
        switch (message.Head)
        {
            case Register register when session.Role == Senders.Client && admission.IsApprovedFor(session.Key, register.Labels):
                Register(session, register, message.Correlation);
                return;
            case not null when message.Kind is MessageKind.Redeem or MessageKind.Register:
                // Off the reading task: what lets a key in is on the disk before it is answered.
                _desk.Offer(session, message, LetInOrNot);
                return;
            case Heartbeat when session.Client is null:
                session.Post(new Message(MessageKind.HeartbeatReply, new HeartbeatReply(time.GetUtcNow())));
                return;
            case Leave when session.Client is null:
                session.Post(message);
                close(session, "it has left");
                return;
            default:
                break;
        }

        if (session.Client is not { } client)
            return;
        registry.Touch(client, time.GetUtcNow());
        Contest(client);
        switch (message.Head)
        {
            case Heartbeat:
                session.Post(new Message(MessageKind.HeartbeatReply, new HeartbeatReply(time.GetUtcNow())));
                break;
            case Accepted accepted:
                if (!jobs.Accept(accepted.Job, client))
                    RefuseForeign(session, client, message.Correlation);
                break;
            case Result result:
                TakeResult(session, client, result, message);
                break;
            case FactsReport report when !TooLarge(report.Facts):
                registry.SetFacts(client, report.Facts);
                break;
            case Leave leave:
                // The same message back confirms it; what is queued still leaves a closed session.
                session.Post(message);
                close(session, DisplayText.FirstLine(leave.Reason));
                GoOffline(client, DisplayText.FirstLine(leave.Reason));
                if (leave.Forget && registry.Remove(client))
                    _ = Task.Run(() => admission.Leave(client, session.Address));
                break;
            default:
                break;
        }
    }

    /// <summary>Claims on an identity whose holder has not shown itself are decided for the claimant.</summary>
    public void Sweep()
    {
        foreach ((string identity, Claim claim) in _claims)
        {
            lock (admission.Deciding)
                Decide(identity, claim);
        }
    }

    private void LetInOrNot(ServerSession session, Message message)
    {
        if (message.Head is Redeem redeem)
            Redeem(session, redeem, message.Correlation);
        else
            Register(session, message.HeadAs<Register>(), message.Correlation);
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
        {
            const string Why = "another client claims its identity and it does not answer";
            close(holder, Why);
            GoOffline(record, Why);
        }

        if (!claim.Session.Closed)
            Admit(claim.Session, claim.Register, claim.Correlation);
    }

    /// <summary>The client is gone: its open rows end.</summary>
    public void GoOffline(ClientRecord client, string why)
    {
        if (!registry.SetOffline(client))
            return;
        log.LogInformation("Client {Client} is offline: {Why}.", client.Identity, why);
        jobs.ClientGone(client, why);
    }

    private void Redeem(ServerSession session, Redeem redeem, ulong correlation)
    {
        try
        {
            ClientKey approved = admission.Redeem(session.Key, redeem, session.Address);
            renewal.NoteJoined(approved.Labels);
            _ = AnswerAsync(session, new Message(MessageKind.Redeemed, new Redeemed(approved.Labels, authority.RootKey.Bytes.ToArray()), correlation));
        }
        catch (PantryException refused)
        {
            session.Post(ServerHost.Refusal(refused.Code, refused.Message, correlation));
        }
    }

    // Let in is who the audit log has too.
    private async Task AnswerAsync(ServerSession session, Message answer)
    {
        try
        {
            await audit.FlushAsync().ConfigureAwait(false);
            session.Post(answer);
        }
        catch (PantryException unwritten)
        {
            session.Post(ServerHost.Refusal(unwritten.Code, "The server cannot write its audit log, and lets nobody in until it can.", answer.Correlation));
        }
    }

    private void Register(ServerSession session, Register register, ulong correlation)
    {
        Register checkedRegister;
        try
        {
            ClientLabels labels = register.Labels;
            if (TooLarge(register.Facts))
                throw new PantryException(PantryErrorCode.MessageTooLarge, $"The client's facts are larger than {options.Wire.MaxRegistrationBytes:N0} bytes.");
            checkedRegister = register with { Labels = ClientLabels.Create(labels.Identity, labels.Application, labels.Environment, labels.Roles) };
            bool wasApproved = session.Role == Senders.Client;
            ClientKey key = admission.Judge(session.Key, checkedRegister.Labels, register.Token, session.Address);
            if (key.Status == KeyStatus.Approved && !wasApproved)
                renewal.NoteJoined(key.Labels);
        }
        catch (PantryException invalid)
        {
            counters.Dropped("InvalidRegistration");
            session.Post(ServerHost.Refusal(invalid.Code, invalid.Message, correlation));
            return;
        }

        session.Introduced = true;
        lock (admission.Deciding)
        {
            // What an operator decided meanwhile counts.
            if (admission.Now(session.Key) is not { Status: KeyStatus.Approved or KeyStatus.Pending } key)
                RefuseDecided(session, correlation);
            else if (key.Status == KeyStatus.Pending)
                LetWait(session, key, correlation);
            // A token can give labels that the client did not name.
            else if (register.Token is not null && !checkedRegister.Labels.IsWithin(key.Labels))
                LetIn(session, key, checkedRegister with { Labels = key.Labels }, correlation);
            else
                LetIn(session, key, checkedRegister, correlation);
        }
    }

    private void LetIn(ServerSession session, ClientKey key, Register register, ulong correlation)
    {
        if (!register.Labels.IsWithin(key.Labels) || registry.Find(key.Labels.Identity) is not { } known || !known.Key.Equals(session.Key))
        {
            RefuseDecided(session, correlation);
            return;
        }

        session.Role = Senders.Client;
        if (known.Session is { } holder && holder != session && known.Instance != register.Instance)
        {
            // The name is taken. Its holder is asked whether it is still there; its next word decides. It is asked once
            // for all that claim the name meanwhile: a flood of claims must not fill its queue, nor put the decision off.
            bool asked = _claims.TryGetValue(known.Identity, out Claim? earlierClaim);
            _claims[known.Identity] = new Claim(session, register, correlation, asked ? earlierClaim!.Since : time.GetTimestamp());
            if (!asked)
                holder.Post(new Message(MessageKind.Heartbeat, new Heartbeat(0)));
            return;
        }

        if (known.Session is { } earlier && earlier != session)
        {
            // The same run of the client, on a new connection: the old one is dead.
            close(earlier, "the client has connected anew");
        }

        Admit(session, register, correlation);
    }

    /// <summary>The key is not approved, or not for what it claims: the client hears nothing and waits.</summary>
    private void LetWait(ServerSession session, ClientKey key, ulong correlation)
    {
        session.Role = Senders.Applicant;
        ClientRecord? before = session.Client ?? (registry.Find(key.Labels.Identity) is { } record && record.Key.Equals(key.Key) ? record : null);
        session.Client = null;
        if (before is not null)
        {
            const string Why = "it claims more than was approved";
            // The key speaks here now; what it was on another session, it is no more.
            if (before.Session is { } other && other != session)
                close(other, Why);
            registry.Remove(before);
            jobs.ClientGone(before, Why);
        }

        log.LogWarning("The client {Client} with the key {Fingerprint} waits for approval.", key.Labels.Identity, key.Key.Fingerprint);
        session.Post(new Message(
            MessageKind.Registered,
            new Registered(
                RegistrationStatus.Pending, null, [], 0, options.HeartbeatInterval.TotalSeconds, options.DeadAfter.TotalSeconds, PantryVersion.Current,
                time.GetUtcNow(), authority.RootKey.Bytes.ToArray()),
            correlation));
    }

    // As we write them: a peer can write the same in a sixth of the bytes, and would spoil the lists it is part of.
    private bool TooLarge(ClientFacts? facts) =>
        facts is not null && JsonSerializer.SerializeToUtf8Bytes(facts, WireJson.Default.ClientFacts).Length > options.Wire.MaxRegistrationBytes;

    private void Contest(ClientRecord holder)
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

    private void Admit(ServerSession session, Register register, ulong correlation)
    {
        if (registry.Find(register.Labels.Identity) is not { } record || !record.Key.Equals(session.Key)
            || registry.Admit(record, register.Labels, register, session, time.GetUtcNow()) is not { } admitted)
        {
            RefuseDecided(session, correlation);
            return;
        }

        // It may hear them whenever it says so: their keys need not change at once.
        renewal.Note(admitted.Left);
        admission.NoteSeen(record);
        NoteClock(session, record, register.ClientTime);
        log.LogInformation("Client {Client} is online.", record.Identity);
        session.Post(new Message(
            MessageKind.Registered,
            new Registered(
                RegistrationStatus.Approved, register.Labels, admitted.Topics, admitted.OrderNumber, options.HeartbeatInterval.TotalSeconds, options.DeadAfter.TotalSeconds,
                PantryVersion.Current, time.GetUtcNow(), authority.RootKey.Bytes.ToArray()),
            correlation)
        {
            Bodies = register.BundleSerial < authority.Bundle.Serial ? [authority.SignedBundle] : [],
        });
    }

    private static void RefuseDecided(ServerSession session, ulong correlation) =>
        session.Post(ServerHost.Refusal(PantryErrorCode.KeyUnknown, "The client was removed meanwhile, or something else was decided about it.", correlation));

    private void NoteClock(ServerSession session, ClientRecord client, DateTimeOffset clientTime)
    {
        TimeSpan skew = clientTime - time.GetUtcNow();
        if (skew.Duration() <= options.ClockSkew)
            return;
        string measured = $"{skew.Duration():d\\.hh\\:mm\\:ss} {(skew > TimeSpan.Zero ? "ahead of" : "behind")} the server's";
        counters.Dropped(nameof(PantryErrorCode.ClockSkew));
        // Once in a while: who registers again and again must not fill the log.
        if (client.ClockNotedAt is not { } noted || time.GetElapsedTime(noted) > options.ClockNoteInterval)
        {
            client.ClockNotedAt = time.GetTimestamp();
            audit.Note(client.Identity, client.Key, session.Address, nameof(PantryErrorCode.ClockSkew), client.Identity, measured);
        }

        log.LogWarning("{Code}: the clock of client {Client} is {Skew}; it will refuse orders. Set the clocks.", nameof(PantryErrorCode.ClockSkew), client.Identity, measured);
    }

    private void TakeResult(ServerSession session, ClientRecord client, Result result, Message message)
    {
        if (!jobs.Complete(result, message.Bodies, client))
            RefuseForeign(session, client, message.Correlation);
        session.Post(new Message(MessageKind.ResultStored, new ResultStored(result.Job)));
    }

    private void RefuseForeign(ServerSession session, ClientRecord client, ulong correlation)
    {
        counters.Dropped("ForeignResult");
        audit.Refused("ForeignResult", session.Key, session.Address);
        log.LogWarning("Client {Client} answered a job that it is no target of.", client.Identity);
        session.Post(ServerHost.Refusal(PantryErrorCode.Refused, "The job has no such target.", correlation));
    }

    private sealed record Claim(ServerSession Session, Register Register, ulong Correlation, long Since);
}
