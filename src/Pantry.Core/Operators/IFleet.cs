using Pantry.Files;
using Pantry.Protocol;
using Pantry.Targeting;

namespace Pantry.Operators;

/// <summary>What an operator can ask of a server, in the same process or over the network.</summary>
internal interface IFleet
{
    FleetPlace Place { get; }

    /// <summary>Packages and applications.</summary>
    IProvisioning Provisioning { get; }

    /// <summary>Trees of files that go to and come from the server.</summary>
    ITreeExchange Trees { get; }

    /// <summary>The clients that match, by identity.</summary>
    IAsyncEnumerable<ClientInfo> FindClientsAsync(ClientFilter filter, CancellationToken cancellation);

    /// <summary>Gives an order to all its targets at once.</summary>
    /// <exception cref="PantryException">No known client belongs to the target.</exception>
    Task<IJob> StartJobAsync(JobRequest request, CancellationToken cancellation);

    /// <summary>Jobs that match, the newest first; one's own, and everybody's for an administrator.</summary>
    IAsyncEnumerable<JobInfo> FindJobsAsync(JobFilter filter, CancellationToken cancellation);

    /// <summary>Those of some jobs that have come further than is known. Where none has it waits until one does, or for a while.</summary>
    /// <exception cref="PantryException">There is no such job, or it is another operator's.</exception>
    Task<IReadOnlyList<JobInfo>> AwaitJobsAsync(IReadOnlyList<JobMark> jobs, CancellationToken cancellation);

    /// <summary>A job that was started before, to read its rows from a place on.</summary>
    /// <exception cref="PantryException">There is no such job, or it is another operator's.</exception>
    Task<IJob> OpenJobAsync(string id, int from, CancellationToken cancellation);

    /// <summary>Cancels, suspends or resumes a job.</summary>
    /// <exception cref="PantryException">There is no such job, it is another operator's, or it has ended.</exception>
    Task<JobInfo> ControlJobAsync(string id, JobAction action, CancellationToken cancellation);

    /// <summary>Orders that wait for clients which are offline.</summary>
    IAsyncEnumerable<QueuedOrder> FindQueuedAsync(JobFilter filter, CancellationToken cancellation);

    /// <summary>Takes an order that waits for a client back.</summary>
    /// <exception cref="PantryException">No such order waits, or it is another operator's.</exception>
    Task<QueuedOrder> UnqueueAsync(string job, string client, CancellationToken cancellation);

    /// <summary>What happens from now on, until it is cancelled. A watcher that reads too slowly is told how many events it has lost.</summary>
    IAsyncEnumerable<PantryEvent> WatchEventsAsync(CancellationToken cancellation);

    /// <summary>Makes an enrolment.</summary>
    Task<Enrollment> EnrolAsync(Enrol request, CancellationToken cancellation);

    /// <summary>Makes a one-time token.</summary>
    Task<EnrollmentToken> CreateTokenAsync(CreateToken request, CancellationToken cancellation);

    /// <summary>Enrolments and tokens that match, the oldest first.</summary>
    IAsyncEnumerable<EnrollmentInfo> FindEnrollmentsAsync(EnrollmentFilter filter, CancellationToken cancellation);

    /// <summary>Takes an enrolment or a token back that nobody has used.</summary>
    /// <exception cref="PantryException">There is none of that id, or it is not open.</exception>
    Task<EnrollmentInfo> WithdrawEnrollmentAsync(string id, CancellationToken cancellation);

    /// <summary>Approves, denies, revokes or removes a client's key.</summary>
    /// <exception cref="PantryException">There is no such key, or the decision cannot be carried out.</exception>
    Task<ClientInfo> DecideAsync(DecideClient request, CancellationToken cancellation);

    /// <summary>The operators, and the signed trust bundle that names them.</summary>
    Task<(OperatorList List, byte[] Bundle)> ListOperatorsAsync(CancellationToken cancellation);

    /// <summary>Adds an operator; the server signs with the root key.</summary>
    /// <exception cref="PantryException">The root key is not at the server, or the name is taken.</exception>
    Task<OperatorList> AddOperatorAsync(AddOperator request, CancellationToken cancellation);

    /// <summary>Takes an operator out of the trust bundle.</summary>
    Task<OperatorList> RevokeOperatorAsync(string name, CancellationToken cancellation);

    /// <summary>Puts a trust bundle in place that was signed elsewhere.</summary>
    Task<OperatorList> PutBundleAsync(byte[] bundle, CancellationToken cancellation);

    /// <summary>Records of the audit log, the newest first.</summary>
    IAsyncEnumerable<AuditEntry> FindAuditAsync(AuditFilter filter, CancellationToken cancellation);

    /// <summary>Checks the audit log.</summary>
    Task<AuditLogCheck> VerifyAuditAsync(string? checkpoint, CancellationToken cancellation);
}

/// <summary>An order being carried out: exactly one row for every target.</summary>
internal interface IJob
{
    string Id { get; }

    /// <summary>Identities of the targets, unknown ones included.</summary>
    IReadOnlyList<string> Targets { get; }

    /// <summary>The rows as they come; ends after the last one.</summary>
    IAsyncEnumerable<ResultRow> ReadRowsAsync(CancellationToken cancellation);

    /// <summary>Live output as it comes, each target's in its order; ends when every target has its row, and all that it wrote has come.</summary>
    /// <param name="next">The next piece wanted of each target, in their order; of those that are left out all that there are.</param>
    /// <param name="cancellation">Ends the watching.</param>
    /// <exception cref="PantryException">The job was not sent to be watched.</exception>
    IAsyncEnumerable<OutputPage> ReadOutputAsync(IReadOnlyList<int> next, CancellationToken cancellation);

    /// <summary>Cancels what has not ended; the rows still come.</summary>
    Task CancelAsync();
}

/// <summary>What to run and where.</summary>
internal sealed record JobRequest
{
    public required Target Target { get; init; }

    public required string Command { get; init; }

    public BodyFormat Format { get; init; }

    public byte[] Arguments { get; init; } = [];

    /// <summary>How long the command may run on a client.</summary>
    public TimeSpan Timeout { get; init; }

    /// <summary>How long a client may take to acknowledge the order.</summary>
    public TimeSpan DeliveryTimeout { get; init; }

    /// <summary>How long after it was given the order may still be started; zero for what the rest of it needs.</summary>
    public TimeSpan ValidFor { get; init; }

    /// <summary>How it is carried out among its targets.</summary>
    public RolloutPlan Plan { get; init; } = RolloutPlan.AtOnce;

    /// <summary>Values that only the targets can open; the target must be a list then.</summary>
    public IReadOnlyDictionary<string, byte[]>? Secrets { get; init; }

    /// <summary>Names of the secrets that a target may open, where not every target may open all.</summary>
    public Func<string, IReadOnlyList<string>>? SecretsOf { get; init; }

    /// <summary>User to run the command as; null for the client's own.</summary>
    public string? RunAs { get; init; }
}
