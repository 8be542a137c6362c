using System.Text.Json;
using Microsoft.Extensions.Logging;
using Pantry.Configuration;
using Pantry.Protocol;
using Pantry.Server.Events;
using Pantry.Server.Jobs;
using Pantry.Storage;

namespace Pantry.Server;

/// <summary>What the server says and hears in its sessions with clients.</summary>
internal sealed partial class ClientConversation
{
    // Requests of one client that are answered at the same time.
    private const int MostRequests = 4;

    private readonly ClientRegistry _registry;
    private readonly ClientAdmission _admission;
    private readonly StreamRenewal _renewal;
    private readonly Authority _authority;
    private readonly ServerAudit _audit;
    private readonly JobAnswers _jobs;
    private readonly Func<ClientRecord, string, byte[]> _plans;
    private readonly EventFeed _events;
    private readonly PantryOptions _options;
    private readonly TimeProvider _time;
    private readonly ServerCounters _counters;
    private readonly Action<ServerSession, string> _close;
    private readonly int _filePort;
    private readonly ILogger _log;
    private readonly RegistrationDesk _desk;
    private readonly IdentityClaims _claims;

    public ClientConversation(
        ClientRegistry registry, ClientAdmission admission, StreamRenewal renewal, Authority authority, ServerAudit audit, JobAnswers jobs, Func<ClientRecord, string, byte[]> plans, EventFeed events,
        PantryOptions options, TimeProvider time, ServerCounters counters, Action<ServerSession, string> close, int filePort, ILogger log)
    {
        (_registry, _admission, _renewal, _authority, _audit, _jobs, _plans, _events) = (registry, admission, renewal, authority, audit, jobs, plans, events);
        (_options, _time, _counters, _close, _filePort, _log) = (options, time, counters, close, filePort, log);
        _desk = new RegistrationDesk(counters, log);
        _claims = new IdentityClaims(registry, admission.Deciding, audit, counters, options, time, Dismiss, Admit);
    }

    /// <summary>Decides about claims whose time is over.</summary>
    public void Sweep() => _claims.Sweep();

    public void Handle(ServerSession session, Message message)
    {
        switch (message.Head)
        {
            case Register register when session.Role == Senders.Client && _admission.IsApprovedFor(session.Key, register.Labels):
                Register(session, register, message.Correlation);
                return;
            case not null when message.Kind is MessageKind.Redeem or MessageKind.Register || ((session.Client is not null || session.Role == Senders.Applicant) && message.Head is Leave { Forget: true }):
                // Off the reading task: what lets a key in, or lets it go, is on the disk before it is answered.
                _desk.Offer(session, message, LetInOrNot);
                return;
            case Heartbeat when session.Client is null:
                session.Post(new Message(MessageKind.HeartbeatReply, new HeartbeatReply(_time.GetUtcNow())));
                return;
            case Leave when session.Client is null:
                session.Post(message);
                _close(session, "it has left");
                return;
            default:
                break;
        }

        if (session.Client is not { } client)
            return;
        _registry.Touch(client, _time);
        _claims.Contest(client);
        switch (message.Head)
        {
            case Heartbeat:
                session.Post(new Message(MessageKind.HeartbeatReply, new HeartbeatReply(_time.GetUtcNow())));
                break;
            case Accepted accepted:
                if (!_jobs.Accept(accepted.Job, client))
                    RefuseForeign(session, client, message.Correlation);
                break;
            case Prepared prepared:
                if (!_jobs.Prepared(prepared.Job, client))
                    RefuseForeign(session, client, message.Correlation);
                break;
            case Result result:
                TakeResult(session, client, result, message);
                break;
            case OutputPiece piece:
                TakePiece(session, client, piece, message);
                break;
            case ReadPlan read:
                AnswerPlan(session, client, read, message.Correlation);
                break;
            case FactsReport report when !TooLarge(report.Facts):
                _registry.SetFacts(client, report.Facts);
                break;
            case Leave leave:
                // Before all else: the end of the session must not be taken for a lost link, and whoever hears the answer knows that the client is offline.
                GoOffline(client, DisplayText.FirstLine(leave.Reason), forGood: true);
                // The same message back confirms it; what is queued still leaves a closed session.
                session.Post(message);
                _close(session, DisplayText.FirstLine(leave.Reason));
                break;
            default:
                break;
        }
    }

    private void Dismiss(ClientRecord record, ServerSession holder)
    {
        const string Why = "another client claims its identity and it does not answer";
        _close(holder, Why);
        GoOffline(record, Why);
    }

    /// <summary>The client is gone; where it said so itself, its open rows end.</summary>
    public void GoOffline(ClientRecord client, string why, bool forGood = false)
    {
        if (!_registry.SetOffline(client))
            return;
        _admission.NoteSeen(client);
        _log.LogInformation("Client {Client} is offline: {Why}.", client.Identity, why);
        _events.Client(PantryEventKind.ClientOffline, client.Labels, why);
        _jobs.ClientGone(client, why, forGood);
    }

    /// <summary>The key is not approved, or not for what it claims: the client hears nothing and waits.</summary>
    private void LetWait(ServerSession session, ClientKey key, ulong correlation)
    {
        session.Role = Senders.Applicant;
        ClientRecord? before = session.Client ?? (_registry.Find(key.Labels.Identity) is { } record && record.Key.Equals(key.Key) ? record : null);
        session.Client = null;
        if (before is not null)
        {
            const string Why = "it claims more than was approved";
            // The key speaks here now; what it was on another session, it is no more.
            if (before.Session is { } other && other != session)
                _close(other, Why);
            _registry.Remove(before);
            _jobs.ClientGone(before, Why, forGood: true);
        }

        _log.LogWarning("The client {Client} with the key {Fingerprint} waits for approval.", key.Labels.Identity, key.Key.Fingerprint);
        session.Post(new Message(
            MessageKind.Registered,
            new Registered(
                RegistrationStatus.Pending, null, [], 0, _options.HeartbeatInterval.TotalSeconds, _options.DeadAfter.TotalSeconds, PantryVersion.Current,
                _time.GetUtcNow(), _authority.RootKey.Bytes.ToArray()),
            correlation));
    }

    // As we write them: a peer can write the same in a sixth of the bytes, and would spoil the lists it is part of.
    private bool TooLarge(ClientFacts? facts) =>
        facts is not null && JsonSerializer.SerializeToUtf8Bytes(facts, WireJson.Default.ClientFacts).Length > _options.Wire.MaxRegistrationBytes;

    private void Admit(ServerSession session, Register register, ulong correlation)
    {
        ClientRecord? known = _registry.Find(register.Labels.Identity);
        (string before, bool wasOnline) = (known?.Instance ?? "", known?.Status == ClientStatus.Online);
        if (known is not { } record || !record.Key.Equals(session.Key)
            || _registry.Admit(record, register.Labels, register, session, _time) is not { } admitted)
        {
            RefuseDecided(session, correlation);
            return;
        }

        // It may hear them whenever it says so: their keys need not change at once.
        _renewal.Note(admitted.Left);
        _admission.NoteSeen(record);
        NoteClock(session, record, register.ClientTime);
        _log.LogInformation("Client {Client} is online.", record.Identity);
        if (!wasOnline || before != register.Instance)
            _events.Client(PantryEventKind.ClientOnline, record.Labels, session.Address);
        session.Post(new Message(
            MessageKind.Registered,
            new Registered(
                RegistrationStatus.Approved, register.Labels, admitted.Topics, admitted.OrderNumber, _options.HeartbeatInterval.TotalSeconds, _options.DeadAfter.TotalSeconds,
                PantryVersion.Current, _time.GetUtcNow(), _authority.RootKey.Bytes.ToArray(), _filePort),
            correlation)
        {
            Bodies = register.BundleSerial < _authority.Bundle.Serial ? [_authority.SignedBundle] : [],
        });
        _jobs.ClientReturned(record, restarted: before != register.Instance);
    }

    private static void RefuseDecided(ServerSession session, ulong correlation) =>
        session.Post(ServerHost.Refusal(PantryErrorCode.KeyUnknown, "The client was removed meanwhile, or something else was decided about it.", correlation));

    private void NoteClock(ServerSession session, ClientRecord client, DateTimeOffset clientTime)
    {
        TimeSpan skew = clientTime - _time.GetUtcNow();
        if (skew.Duration() <= _options.ClockSkew)
            return;
        string measured = $"{skew.Duration():d\\.hh\\:mm\\:ss} {(skew > TimeSpan.Zero ? "ahead of" : "behind")} the server's";
        _counters.Dropped(nameof(PantryErrorCode.ClockSkew));
        // Once in a while: who registers again and again must not fill the log.
        if (client.ClockNotedAt is not { } noted || _time.GetElapsedTime(noted) > _options.ClockNoteInterval)
        {
            client.ClockNotedAt = _time.GetTimestamp();
            _audit.Note(client.Identity, client.Key, session.Address, nameof(PantryErrorCode.ClockSkew), client.Identity, measured);
        }

        _log.LogWarning("{Code}: the clock of client {Client} is {Skew}; it will refuse orders. Set the clocks.", nameof(PantryErrorCode.ClockSkew), client.Identity, measured);
    }

    private void TakeResult(ServerSession session, ClientRecord client, Result result, Message message)
    {
        void Stored() => session.Post(new Message(MessageKind.ResultStored, new ResultStored(result.Job)));
        if (_jobs.Complete(result, message.Bodies, client, Stored))
            return;
        RefuseForeign(session, client, message.Correlation);
        Stored();
    }

    private void TakePiece(ServerSession session, ClientRecord client, OutputPiece piece, Message message)
    {
        if (!piece.IsSound(message.Body(0).Length, _options.Wire))
            session.Post(ServerHost.Refusal(PantryErrorCode.Refused, "The piece of output is none that there can be.", message.Correlation));
        else if (!_jobs.TakePiece(piece, message.Body(0), client, next => session.Post(new Message(MessageKind.OutputStored, new OutputStored(piece.Job, next)))))
            RefuseForeign(session, client, message.Correlation);
    }

    // Off the reading task, for it is on the disk.
    private void AnswerPlan(ServerSession session, ClientRecord client, ReadPlan read, ulong correlation)
    {
        if (session.TryBeginRequest(MostRequests))
            _ = Task.Run(() => AnswerPlanAsync(session, client, read, correlation));
        else
            session.Post(ServerHost.Refusal(PantryErrorCode.LimitReached, $"{MostRequests} requests of this client are being answered, which is the server's limit. Ask again when one is.", correlation));
    }

    private async Task AnswerPlanAsync(ServerSession session, ClientRecord client, ReadPlan read, ulong correlation)
    {
        try
        {
            byte[] plan = _plans(client, read.Job);
            await session.PostBulkAsync(new Message(MessageKind.PlanRead, new PlanRead(read.Job), correlation) { Bodies = [plan] }, default).ConfigureAwait(false);
        }
        catch (PantryException refused)
        {
            _audit.Refused("PlanNotGranted", session.Key, session.Address);
            session.Post(ServerHost.Refusal(refused.Code, refused.Message, correlation));
        }
        catch (Exception exception)
        {
            _log.LogError(exception, "The plan of job {Job} could not be sent.", DisplayText.Clean(read.Job, 80));
            session.Post(ServerHost.Refusal(PantryErrorCode.InternalError, "The server failed on this request; its log has the cause.", correlation));
        }
        finally
        {
            session.EndRequest();
        }
    }

    private void RefuseForeign(ServerSession session, ClientRecord client, ulong correlation)
    {
        _counters.Dropped("ForeignResult");
        _audit.Refused("ForeignResult", session.Key, session.Address);
        _log.LogWarning("Client {Client} answered a job that it is no target of.", client.Identity);
        session.Post(ServerHost.Refusal(PantryErrorCode.Refused, "The job has no such target.", correlation));
    }
}
