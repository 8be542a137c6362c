using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Pantry.Configuration;
using Pantry.Files;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Sessions;
using Pantry.Transfers;
using Pantry.Transport;

namespace Pantry.Operators;

/// <summary>The fleet of a server elsewhere, over a session of one's own.</summary>
internal sealed partial class RemoteFleet : IFleet, ILinkOwner, IAsyncDisposable
{
    private readonly PantryOptions _options;
    private readonly ILogger _log;
    private readonly LinkCredentials _credentials;
    private readonly SigningKey _signingKey;
    private readonly OrderSigner _signer;
    private readonly TimeProvider _time;
    private readonly FleetRequests _requests;
    private readonly RemoteJobs _jobs;
    private ServerLink? _link;
    private volatile int _filePort;

    private RemoteFleet(OperatorCredentials operatorCredentials, SocketLoop? loop, PantryOptions options, TimeProvider time, ILogger log)
    {
        Server = new ServerAddress(operatorCredentials.Address, 0, operatorCredentials.ReceivePort, operatorCredentials.Proxy, FilePort: operatorCredentials.FilePort);
        Place = new FleetPlace(
            operatorCredentials.Address, operatorCredentials.ReceivePort, operatorCredentials.ServerPublicKey, operatorCredentials.Network);
        _options = options;
        _time = time;
        _log = log;
        _credentials = new LinkCredentials(
            CurveKeyPair.TryParseSecret(operatorCredentials.SessionKey)
                ?? throw new PantryException(PantryErrorCode.InvalidKey, "The operator's session key is no key. Make the operator's file anew with New-PantryOperator."),
            PublicKey.Parse(operatorCredentials.ServerPublicKey, "public key of the server"), SessionRole.Operator, operatorCredentials.Network);
        _signingKey = SigningKey.FromPem(operatorCredentials.SigningKey, null);
        _signer = new OrderSigner(operatorCredentials.Name, _signingKey, operatorCredentials.Network, options, time);
        _requests = new FleetRequests(() => Link, Server, options, time);
        _jobs = new RemoteJobs(() => Link, _requests, Server, options, time);
        Provisioning = new RemoteProvisioning(_requests);
        Trees = new RemoteTrees(() => new FilePlace(Server with { FilePort = Server.FilePort > 0 ? Server.FilePort : _filePort }, _credentials), loop, options, time, log);
    }

    public ServerAddress Server { get; }

    public FleetPlace Place { get; }

    public IProvisioning Provisioning { get; }

    public string ServerVersion { get; private set; } = "";

    public ITreeExchange Trees { get; }

    public ServiceStatus Status => _link?.Status ?? ServiceStatus.Stopped;

    /// <summary>Name of the operator whose keys these are.</summary>
    public string Operator => _signer.Name;

    int ILinkOwner.RunningJobs => _jobs.Count;

    LinkCredentials ILinkOwner.Credentials => _credentials;

    /// <summary>Connects to a server.</summary>
    /// <exception cref="PantryException">The server could not be reached, is none, or refused.</exception>
    public static async Task<RemoteFleet> ConnectAsync(
        OperatorCredentials credentials, SocketLoop? loop = null, PantryOptions? options = null, TimeProvider? time = null, ILogger? log = null,
        CancellationToken cancellation = default)
    {
        var fleet = new RemoteFleet(credentials, loop, options ?? new PantryOptions(), time ?? TimeProvider.System, log ?? NullLogger.Instance);
        try
        {
            fleet._link = await ServerLink.OpenAsync(
                fleet.Server, hearsOrders: false, fleet, loop, fleet._options, time ?? TimeProvider.System, fleet._log, cancellation).ConfigureAwait(false);
            return fleet;
        }
        catch
        {
            fleet.WipeKeys();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_link is not { } link)
            return;
        try
        {
            if (link.Status == ServiceStatus.Running)
                await link.RequestAsync(MessageKind.Leave, new Leave("the operator disconnects"), [], _options.StopTimeout, default).ConfigureAwait(false);
        }
        catch (PantryException unheard)
        {
            _log.LogInformation("The server did not hear the goodbye: {Reason}", unheard.Message);
        }

        await link.DisposeAsync().ConfigureAwait(false);
        _jobs.FailAll(new PantryException(PantryErrorCode.Stopped, "The connection was closed before the job ended; it goes on without this console."));
        WipeKeys();
    }

    public IAsyncEnumerable<ClientInfo> FindClientsAsync(ClientFilter filter, CancellationToken cancellation) =>
        _requests.ListAsync<ClientPage, ClientInfo>(MessageKind.ListClients, new ListClients(filter), page => (page.Clients, page.Last), cancellation);

    public IAsyncEnumerable<AuditEntry> FindAuditAsync(AuditFilter filter, CancellationToken cancellation) =>
        _requests.ListAsync<AuditPage, AuditEntry>(MessageKind.ListAudit, new ListAudit(filter), page => (page.Entries, page.Last), cancellation);

    public async Task<IJob> StartJobAsync(JobRequest request, CancellationToken cancellation)
    {
        SignedJob signed = await SignAsync(request, cancellation).ConfigureAwait(false);
        var start = new StartJob(signed.Order.Signature, signed.Target, signed.DeliveryTimeout.TotalSeconds, signed.Plan);
        try
        {
            RemoteJob job = await _jobs.StartAsync(() => _requests.AskAsync<JobStarted>(
                MessageKind.StartJob, start, [signed.Order.Statement, signed.Arguments, signed.Secrets, signed.Entries], cancellation)).ConfigureAwait(false);
            cancellation.ThrowIfCancellationRequested();
            return job;
        }
        catch (Exception) when (cancellation.IsCancellationRequested)
        {
            // It may be on its way, also where the link was lost in the same moment; nobody waits for the server to hear that it is not wanted any more.
            _ = _jobs.AbandonAsync(SecurityJson.TryRead(signed.Order.Statement, SecurityJson.Default.OrderStatement, _options.Wire.MaxStatementBytes)!.Job);
            throw new OperationCanceledException(cancellation);
        }
    }

    public IAsyncEnumerable<JobInfo> FindJobsAsync(JobFilter filter, CancellationToken cancellation) =>
        _requests.ListAsync<JobPage, JobInfo>(MessageKind.ListJobs, new ListJobs(filter), page => (page.Jobs, page.Last), cancellation);

    public async Task<IReadOnlyList<JobInfo>> AwaitJobsAsync(IReadOnlyList<JobMark> jobs, CancellationToken cancellation)
    {
        var patience = new LinkPatience(_options, _time);
        while (true)
        {
            if (await patience.TryAsync(() => _requests.AwaitJobsAsync(jobs, cancellation), cancellation).ConfigureAwait(false) is { } news)
                return news;
        }
    }

    public async Task<IJob> OpenJobAsync(string id, int from, CancellationToken cancellation)
    {
        JobOpened opened = await _requests.AskAsync<JobOpened>(MessageKind.OpenJob, new OpenJob(id), cancellation).ConfigureAwait(false);
        return new OpenedJob(opened.Job, opened.Targets, from, _requests, _options, _time);
    }

    public async Task<JobInfo> ControlJobAsync(string id, JobAction action, CancellationToken cancellation) =>
        (await _requests.AskAsync<JobChanged>(MessageKind.ControlJob, new ControlJob(id, action), cancellation).ConfigureAwait(false)).Job;

    public IAsyncEnumerable<QueuedOrder> FindQueuedAsync(JobFilter filter, CancellationToken cancellation) =>
        _requests.ListAsync<QueuePage, QueuedOrder>(MessageKind.ListQueue, new ListQueue(filter), page => (page.Orders, page.Last), cancellation);

    public async Task<QueuedOrder> UnqueueAsync(string job, string client, CancellationToken cancellation) =>
        (await _requests.AskAsync<Unqueued>(MessageKind.Unqueue, new Unqueue(job, client), cancellation).ConfigureAwait(false)).Order;

    public async Task<Enrollment> EnrolAsync(Enrol request, CancellationToken cancellation) =>
        (await _requests.AskAsync<Enrolled>(MessageKind.Enrol, request, cancellation).ConfigureAwait(false)).Enrollment;

    public async Task<EnrollmentToken> CreateTokenAsync(CreateToken request, CancellationToken cancellation) =>
        (await _requests.AskAsync<TokenCreated>(MessageKind.CreateToken, request, cancellation).ConfigureAwait(false)).Token;

    public async Task<ClientInfo> DecideAsync(DecideClient request, CancellationToken cancellation) =>
        (await _requests.AskAsync<ClientDecided>(MessageKind.DecideClient, request, cancellation).ConfigureAwait(false)).Client;

    public async Task<(OperatorList List, byte[] Bundle)> ListOperatorsAsync(CancellationToken cancellation)
    {
        Message answer = await _requests.AskAsync(MessageKind.ListOperators, new ListOperators(), [], cancellation).ConfigureAwait(false);
        return (_requests.Expect<OperatorList>(answer), answer.Body(0));
    }

    public Task<OperatorList> AddOperatorAsync(AddOperator request, CancellationToken cancellation) =>
        _requests.AskAsync<OperatorList>(MessageKind.AddOperator, request, cancellation);

    public Task<OperatorList> RevokeOperatorAsync(string name, CancellationToken cancellation) =>
        _requests.AskAsync<OperatorList>(MessageKind.RevokeOperator, new RevokeOperator(name), cancellation);

    public Task<OperatorList> PutBundleAsync(byte[] bundle, CancellationToken cancellation) =>
        _requests.AskAsync<OperatorList>(MessageKind.PutBundle, new PutBundle(), [bundle], cancellation);

    public async Task<AuditLogCheck> VerifyAuditAsync(string? checkpoint, CancellationToken cancellation) =>
        (await _requests.AskAsync<AuditVerified>(MessageKind.VerifyAudit, new VerifyAudit(checkpoint), cancellation).ConfigureAwait(false)).Check;

    (MessageKind Kind, object Head) ILinkOwner.Introduction() =>
        (MessageKind.Connect, new Connect($"{Environment.UserName}@{Environment.MachineName}", PantryVersion.Current));

    Task ILinkOwner.IntroducedAsync(ServerLink link, Message answer)
    {
        Connected connected = _requests.Expect<Connected>(answer);
        ServerVersion = connected.ServerVersion;
        _filePort = connected.FilePort;
        return Task.CompletedTask;
    }

    Task ILinkOwner.ReadyAsync(ServerLink link, CancellationToken lost) => _jobs.AttachAllAsync(link);

    void ILinkOwner.Lost(ServerLink link) => _jobs.Detach();

    // The server's own operator cannot be revoked, and its time is never over.
    PantryException ILinkOwner.Explain(PantryException refusal) => refusal.Code != PantryErrorCode.KeyUnknown || Operator != OperatorCredentials.ServersOwn ? refusal : new PantryException(
        PantryErrorCode.KeyUnknown,
        "These keys of the server's own console are not good any more: the server was started again since they were read, and its console.operator is another one each time. Connect again with that file.",
        refusal);

    // An operator who was revoked, or whose time is over, does not get in again: nobody is kept waiting for that.
    void ILinkOwner.Refused(PantryException why)
    {
        if (why.Code is PantryErrorCode.KeyUnknown or PantryErrorCode.KeyRevoked or PantryErrorCode.KeyDenied)
            _jobs.FailAll(why);
    }

    void ILinkOwner.ReceivePublished(ServerLink link, TopicId topic, byte[] frame)
    {
        // An operator subscribes to nothing.
    }

    void ILinkOwner.Receive(ServerLink link, Message message)
    {
        switch (message.Head)
        {
            case Row row:
                _jobs.Find(row.Job)?.Add(new ResultRow(row.Number, row.Client, row.RoundTrip, row.Result, message.Bodies));
                break;
            case JobEnded ended:
                _jobs.Find(ended.Job)?.End(ended.Fault);
                break;
            default:
                break;
        }
    }

    Task ILinkOwner.BeatAsync(ServerLink link) => Task.CompletedTask;

    private async Task<SignedJob> SignAsync(JobRequest request, CancellationToken cancellation)
    {
        if (request.Secrets is not { Count: > 0 })
            return _signer.Sign(request);
        (JobRequest listed, Func<string, PublicKey> keyOf) = await SecretTargets.ExpandAsync(this, request, cancellation).ConfigureAwait(false);
        return _signer.Sign(listed, keyOf);
    }

    private void WipeKeys()
    {
        _credentials.Own.Dispose();
        _signingKey.Dispose();
    }

    private ServerLink Link => _link ?? throw new PantryException(PantryErrorCode.NotConnected, "There is no connection to a server.");
}
