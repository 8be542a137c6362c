using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Pantry.Configuration;
using Pantry.Protocol;
using Pantry.Sessions;
using Pantry.Transport;

namespace Pantry.Operators;

/// <summary>The fleet of a server elsewhere, over a session of one's own.</summary>
internal sealed class RemoteFleet : IFleet, ILinkOwner, IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, RemoteJob> _jobs = new();
    private readonly PantryOptions _options;
    private readonly ILogger _log;
    private ServerLink? _link;
    private int _starting;

    private RemoteFleet(ServerAddress server, PantryOptions options, ILogger log)
    {
        Server = server;
        _options = options;
        _log = log;
    }

    public ServerAddress Server { get; }

    public string ServerVersion { get; private set; } = "";

    public ServiceStatus Status => _link?.Status ?? ServiceStatus.Stopped;

    int ILinkOwner.RunningJobs => _jobs.Count;

    /// <summary>Connects to a server.</summary>
    /// <exception cref="PantryException">The server could not be reached, is none, or refused.</exception>
    public static async Task<RemoteFleet> ConnectAsync(
        ServerAddress server, SocketLoop? loop = null, PantryOptions? options = null, TimeProvider? time = null, ILogger? log = null,
        CancellationToken cancellation = default)
    {
        var fleet = new RemoteFleet(server, options ?? new PantryOptions(), log ?? NullLogger.Instance);
        fleet._link = await ServerLink.OpenAsync(
            server, hearsOrders: false, fleet, loop, fleet._options, time ?? TimeProvider.System, fleet._log, cancellation).ConfigureAwait(false);
        return fleet;
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
        foreach (RemoteJob job in _jobs.Values)
            job.Fail(new PantryException(PantryErrorCode.Stopped, "The connection was closed before the job ended; it goes on without this console."));
    }

    public async IAsyncEnumerable<ClientInfo> FindClientsAsync(ClientFilter filter, [EnumeratorCancellation] CancellationToken cancellation)
    {
        // Bounded by the page size and the answer's own end: the server pages, and the console reads as fast as it prints.
        var pages = Channel.CreateUnbounded<Message>();
        using IDisposable subscription = await Link.RequestStreamAsync(MessageKind.ListClients, new ListClients(filter), message => pages.Writer.TryWrite(message)).ConfigureAwait(false);
        while (true)
        {
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            deadline.CancelAfter(_options.RequestTimeout);
            Message message;
            try
            {
                message = await pages.Reader.ReadAsync(deadline.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                throw new PantryException(PantryErrorCode.TimedOut, $"The server {Server} did not send its list within {_options.RequestTimeout.TotalSeconds:0} s.");
            }

            if (message.Head is Refused refused)
                throw ServerLink.FromRefused(refused);
            if (message.Head is not ClientPage page)
                continue;
            foreach (ClientInfo client in page.Clients)
                yield return client;
            if (page.Last)
                yield break;
        }
    }

    public async Task<IJob> StartJobAsync(JobRequest request, CancellationToken cancellation)
    {
        var start = new StartJob(
            request.Target, request.Command, request.Format, request.Timeout.TotalSeconds, request.DeliveryTimeout.TotalSeconds, request.BatchSize, request.MaxFailure);
        Interlocked.Increment(ref _starting);
        try
        {
            Message answer = await Link.RequestAsync(MessageKind.StartJob, start, [request.Arguments], _options.RequestTimeout, cancellation).ConfigureAwait(false);
            JobStarted started = Expect<JobStarted>(answer);
            var job = new RemoteJob(started.Job, started.Targets, this, _options.RowWindow);
            // Rows may have come in the moment since the answer; they waited for the job to be known.
            return _jobs.AddOrUpdate(started.Job, job, (_, early) => early.Adopt(started.Targets));
        }
        finally
        {
            if (Interlocked.Decrement(ref _starting) == 0)
            {
                foreach (RemoteJob stray in _jobs.Values.Where(job => !job.Adopted))
                    Remove(stray);
            }
        }
    }

    public async Task<Enrollment> EnrolAsync(Enrol request, CancellationToken cancellation) =>
        Expect<Enrolled>(await Link.RequestAsync(MessageKind.Enrol, request, [], _options.RequestTimeout, cancellation).ConfigureAwait(false)).Enrollment;

    public async Task<bool> ForgetAsync(string identity, CancellationToken cancellation) =>
        Expect<Forgotten>(await Link.RequestAsync(MessageKind.Forget, new Forget(identity), [], _options.RequestTimeout, cancellation).ConfigureAwait(false)).Existed;

    (MessageKind Kind, object Head) ILinkOwner.Introduction() =>
        (MessageKind.Connect, new Connect($"{Environment.UserName}@{Environment.MachineName}", PantryVersion.Current));

    Task ILinkOwner.IntroducedAsync(ServerLink link, Message answer)
    {
        ServerVersion = Expect<Connected>(answer).ServerVersion;
        return Task.CompletedTask;
    }

    async Task ILinkOwner.ReadyAsync(ServerLink link)
    {
        foreach (RemoteJob job in _jobs.Values)
        {
            try
            {
                await link.RequestAsync(MessageKind.AttachJob, new AttachJob(job.Id, job.Next, job.Taken), [], _options.RequestTimeout, default).ConfigureAwait(false);
                // What was taken in the moment before may have been said to the old session.
                await TakenAsync(job, job.Taken).ConfigureAwait(false);
            }
            catch (PantryException gone)
            {
                Remove(job);
                job.Fail(gone);
            }
        }
    }

    void ILinkOwner.Receive(ServerLink link, Message message, bool published)
    {
        switch (message.Head)
        {
            case Row row:
                Job(row.Job)?.Add(new ResultRow(row.Number, row.Client, row.RoundTrip, row.Result, message.Bodies));
                break;
            case JobEnded ended:
                Job(ended.Job)?.End();
                break;
            default:
                break;
        }
    }

    Task ILinkOwner.BeatAsync(ServerLink link) => Task.CompletedTask;

    internal async Task CancelAsync(RemoteJob job) => await Link.SendAsync(new Message(MessageKind.CancelJob, new CancelJob(job.Id))).ConfigureAwait(false);

    internal async Task TakenAsync(RemoteJob job, int next) => await Link.SendAsync(new Message(MessageKind.RowsTaken, new RowsTaken(job.Id, next))).ConfigureAwait(false);

    internal void Remove(RemoteJob job) => _jobs.TryRemove(job.Id, out _);

    private ServerLink Link => _link ?? throw new PantryException(PantryErrorCode.NotConnected, "There is no connection to a server.");

    /// <summary>The job; one that nobody here reads any more is unknown, unless a start is just being answered.</summary>
    private RemoteJob? Job(string id) => _jobs.TryGetValue(id, out RemoteJob? job) ? job
        : Volatile.Read(ref _starting) == 0 ? null
        : _jobs.GetOrAdd(id, _ => new RemoteJob(id, [], this, _options.RowWindow) { Adopted = false });

    private T Expect<T>(Message answer) => answer.Head is T head
        ? head
        : throw new PantryException(PantryErrorCode.NotAPantryServer, $"The server {Server} answered with {answer.Kind}, which is no answer to that request.");
}
