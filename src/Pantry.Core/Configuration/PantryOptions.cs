using Pantry.Protocol;

namespace Pantry.Configuration;

/// <summary>
/// Every timeout and limit above the gate, named once. Those of the gate are in <c>GateLimits</c>, those of the wire
/// in <see cref="WireLimits"/>, those of provisioning tools in <see cref="ProvisionLimits"/>. What must hold between them: HeartbeatInterval &lt; DeadAfter / 2;
/// ResendAfter &lt; DeliveryTimeout; RegisterRetry &lt; ConnectTimeout; ProbeTimeout &lt; RegisterRetry.
/// </summary>
internal sealed record PantryOptions
{
    public const int DefaultPublishPort = 23001;
    public const int DefaultReceivePort = 23002;
    public const int DefaultFilePort = 23003;

    public WireLimits Wire { get; init; } = new();

    public ProvisionLimits Provision { get; init; } = new();

    public FileLimits Files { get; init; } = new();

    public ProvisioningLimits Provisioning { get; init; } = new();

    /// <summary>How often a client or operator shows that it is there.</summary>
    public TimeSpan HeartbeatInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Silence after which either side takes the link for dead.</summary>
    public TimeSpan DeadAfter { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How often the server looks for what is overdue.</summary>
    public TimeSpan SweepInterval { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>How often the server writes down when it last saw its clients; a crash loses no more than this.</summary>
    public TimeSpan SeenFlushInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>The result of a repeatable command takes the place of its acknowledgement where it comes within this time; much shorter than <see cref="ResendAfter"/>.</summary>
    public TimeSpan AcknowledgeAfter { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>An order that was not acknowledged in this time is sent again over the session.</summary>
    public TimeSpan ResendAfter { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>What a fleet is expected to take in at least; a large order is not sent again before it can have come.</summary>
    public double ResendBytesPerSecond { get; init; } = 20 * 1024 * 1024;

    /// <summary>How many answers a second a server is expected to take in at least; orders to many are not sent again before theirs can have come.</summary>
    public double ResendAnswersPerSecond { get; init; } = 2000;

    /// <summary>Time for a target to acknowledge an order, unless the order says otherwise.</summary>
    public TimeSpan DeliveryTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Time for a command to run, unless the order says otherwise.</summary>
    public TimeSpan RunTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Targets that an order goes to at the same time, unless it says otherwise; 0 for all.</summary>
    public int BatchSize { get; init; }

    /// <summary>Beyond a command's run time: for stopping it and for the result's way back.</summary>
    public TimeSpan ResultGrace { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How much longer an order is good for whose targets wait for their turn or are offline, unless it says otherwise.</summary>
    public TimeSpan WaitingValidity { get; init; } = TimeSpan.FromDays(1);

    /// <summary>Time for a client that is at work on an order to come back after it has gone offline; then its row ends without it.</summary>
    public TimeSpan ReturnGrace { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Time for clients to come back after the server was restarted, before rows of its jobs end without them.</summary>
    public TimeSpan RestartGrace { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// How long after its start a server has orders wait for clients that were there when it ended and have not come back yet; no
    /// longer than their delivery may take.
    /// </summary>
    public TimeSpan ComeBackTime { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Time for a first connection and registration, or for an operator's connection.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(8);

    /// <summary>A registration that was not answered in this time is sent again.</summary>
    public TimeSpan RegisterRetry { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Time for one handshake of a session; one that takes longer is begun anew.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>How long a session's keys serve before the peer asks for new ones; the server ends sessions at twice this age.</summary>
    public TimeSpan SessionLifetime { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Frames that a session's keys protect before the peer asks for new ones.</summary>
    public ulong SessionMessages { get; init; } = 1UL << 24;

    /// <summary>How often the server makes new keys for the cookies of handshakes; a cookie is good for one to two of these.</summary>
    public TimeSpan CookieLifetime { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a client opens with a stream's old key what was published before it was replaced.</summary>
    public TimeSpan StreamKeyGrace { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The least time between two new keys of a stream that somebody has joined; who leaves changes them at once.</summary>
    public TimeSpan StreamKeyInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Handshakes that wait for the processor; more are dropped, and their peers ask again.</summary>
    public int WaitingHandshakes { get; init; } = 16_384;

    /// <summary>Handshakes of one address that wait.</summary>
    public int WaitingHandshakesOfAddress { get; init; } = 4096;

    /// <summary>Sessions of clients that are not approved, or that an enrolment is letting in; more are refused.</summary>
    public int MaxApplicants { get; init; } = 2000;

    /// <summary>Those of one address: whoever has many connections does not keep out the others.</summary>
    public int MaxApplicantsOfAddress { get; init; } = 1000;

    /// <summary>Time for a peer to introduce itself in its session; the server ends it then, however much is said in it.</summary>
    public TimeSpan IntroductionTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>New or changed claims of keys that are not approved, a second; each is written to the disk. More are refused.</summary>
    public double PendingClaimsASecond { get; init; } = 20;

    /// <summary>Keys that may wait for approval; more unknown ones are refused.</summary>
    public int MaxPendingKeys { get; init; } = 1000;

    /// <summary>Time for a client to show that it still holds an identity that another claims.</summary>
    public TimeSpan ProbeTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Time for the answer to an operator's request.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Requests of one operator's console that are answered at the same time; more are refused. A console asks half of them by itself.</summary>
    public int MaxOperatorRequests { get; init; } = 16;

    /// <summary>A result that the server did not confirm in this time is sent again.</summary>
    public TimeSpan ResultRetry { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Time for a send while the peer is congested.</summary>
    public TimeSpan SendTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Time for accepted messages to leave when a host stops.</summary>
    public TimeSpan StopTimeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Between asking a process to end and ending it.</summary>
    public TimeSpan TerminationGrace { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>After a process has ended: for what its children still write to its output.</summary>
    public TimeSpan OutputDrain { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Commands that a client runs at the same time; more wait their turn.</summary>
    public int MaxConcurrentCommands { get; init; } = 16;

    /// <summary>Orders that wait on a client; more are refused.</summary>
    public int MaxWaitingCommands { get; init; } = 1024;

    /// <summary>How far a client's clock may be from the server's before orders count as expired.</summary>
    public TimeSpan ClockSkew { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How often the audit log is told at most that a client's clock is off.</summary>
    public TimeSpan ClockNoteInterval { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How often a client reports its facts anew.</summary>
    public TimeSpan FactsInterval { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How often a client asks at most for a trust bundle that an order needs and that did not come.</summary>
    public TimeSpan BundleRetry { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Bound of the pause between a refused registration and the next one.</summary>
    public TimeSpan RefusedRetry { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// A client whose key was refused, and that the server did not let in again for this long, stops what it runs. Not at
    /// once: a refusal is not sealed, and anybody on the way could end commands with it.
    /// </summary>
    public TimeSpan StopWhenRefusedFor { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Bytes of results that wait for the server; beyond, a result goes without its output.</summary>
    public long OutboxBytes { get; init; } = 256L * 1024 * 1024;

    /// <summary>Bytes kept of each of a command's streams; what comes after is counted and left out.</summary>
    public int OutputBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>How often a client looks for new output of a command whose output is wanted while it runs.</summary>
    public TimeSpan LiveInterval { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Pieces of such a command's output that its client sends beyond what the server has; the rest waits in the command's own output.</summary>
    public int LiveWindow { get; init; } = 16;

    /// <summary>Pieces of live output in one answer to a console.</summary>
    public int LivePage { get; init; } = 32;

    /// <summary>How often one console may watch live output at the same time.</summary>
    public int MaxLiveWatches { get; init; } = 8;

    /// <summary>Ids of orders a client remembers so as to run none twice.</summary>
    public int SeenOrders { get; init; } = 65_536;

    /// <summary>Received messages that wait for the host; beyond, its sockets are not read.</summary>
    public int InboundQueue { get; init; } = 4096;

    /// <summary>The same of the port for files, whose messages may be as large as a chunk: their bytes are what is bounded here.</summary>
    public int InboundChunks { get; init; } = 64;

    /// <summary>Work that waits for the socket loop; beyond, senders wait.</summary>
    public int LoopMailbox { get; init; } = 4096;

    /// <summary>Rows sent to an operator beyond what its console has taken.</summary>
    public int RowWindow { get; init; } = 64;

    /// <summary>How long the server waits for a job's next row before it says that there is none yet.</summary>
    public TimeSpan RowWait { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How often a console that waits for jobs is told at most that they have come further; that one has ended it is told at once.</summary>
    public TimeSpan JobNewsInterval { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Events that wait for one who watches; beyond, the oldest are left out and counted.</summary>
    public int WaitingEvents { get; init; } = 1024;

    /// <summary>How often one console may watch events at the same time.</summary>
    public int MaxWatches { get; init; } = 8;

    /// <summary>Clients of one page of a list.</summary>
    public int ClientPageSize { get; init; } = 64;

    /// <summary>How long a console that has lost the server waits for a job's rows; then waiting ends with an error. The job goes on.</summary>
    public TimeSpan ReattachTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Pages of a list that wait for the console to read them; beyond, the list ends with an error.</summary>
    public int WaitingPages { get; init; } = 16_384;

    /// <summary>Jobs under way; more are refused.</summary>
    public int MaxJobs { get; init; } = 10_000;

    /// <summary>Jobs of an operator that were cancelled before they came, and are refused when they do.</summary>
    public int KeptCancels { get; init; } = 64;

    /// <summary>Jobs that have ended and are kept in memory for consoles that come back; the others are read from the disk.</summary>
    public int KeptJobs { get; init; } = 64;

    /// <summary>A row's output beyond this is read from the disk again when it is sent to a console.</summary>
    public int KeptOutput { get; init; } = 16 * 1024;

    /// <summary>Clients a server knows; more are refused.</summary>
    public int MaxClients { get; init; } = 100_000;

    /// <summary>How long an enrolment is good for, unless it says otherwise.</summary>
    public TimeSpan EnrollmentLifetime { get; init; } = TimeSpan.FromDays(7);

    /// <summary>How long the server keeps enrolments and tokens after they were used, withdrawn or over.</summary>
    public TimeSpan GrantRetention { get; init; } = TimeSpan.FromDays(30);

    /// <summary>How long the server keeps a key that nobody has decided about and that does not come any more.</summary>
    public TimeSpan PendingKeyLifetime { get; init; } = TimeSpan.FromDays(30);

    /// <summary>How often the server looks for what it may forget.</summary>
    public TimeSpan ForgetInterval { get; init; } = TimeSpan.FromHours(1);
}
