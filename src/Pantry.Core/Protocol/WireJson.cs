using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Pantry.Targeting;

namespace Pantry.Protocol;

/// <summary>Heads as JSON: generated code only, unknown properties ignored, missing and null ones refused where they are needed, depth capped.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    Converters = [typeof(NamedEnum<CommandStatus>), typeof(NamedEnum<ClientStatus>), typeof(NamedEnum<RegistrationStatus>), typeof(NamedEnum<BodyFormat>),
        typeof(NamedEnum<ClientDecision>), typeof(NamedEnum<EnrollmentKind>), typeof(NamedEnum<EnrollmentStatus>), typeof(NamedEnum<PantryJobState>), typeof(NamedEnum<JobAction>),
        typeof(NamedEnum<PantryEventKind>), typeof(NamedEnum<ApplicationChange>), typeof(NamedEnum<ProvisionStatus>), typeof(NamedEnum<ResourceStatus>),
        typeof(FiniteNumber)],
    MaxDepth = 12,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(Refused))]
[JsonSerializable(typeof(Heartbeat))]
[JsonSerializable(typeof(HeartbeatReply))]
[JsonSerializable(typeof(Leave))]
[JsonSerializable(typeof(Register))]
[JsonSerializable(typeof(Registered))]
[JsonSerializable(typeof(FactsReport))]
[JsonSerializable(typeof(Order))]
[JsonSerializable(typeof(Accepted))]
[JsonSerializable(typeof(CancelOrder))]
[JsonSerializable(typeof(Result))]
[JsonSerializable(typeof(ResultStored))]
[JsonSerializable(typeof(Connect))]
[JsonSerializable(typeof(Connected))]
[JsonSerializable(typeof(ListClients))]
[JsonSerializable(typeof(ClientPage))]
[JsonSerializable(typeof(StartJob))]
[JsonSerializable(typeof(JobStarted))]
[JsonSerializable(typeof(Row))]
[JsonSerializable(typeof(RowsTaken))]
[JsonSerializable(typeof(JobEnded))]
[JsonSerializable(typeof(ControlJob))]
[JsonSerializable(typeof(JobChanged))]
[JsonSerializable(typeof(ListJobs))]
[JsonSerializable(typeof(JobPage))]
[JsonSerializable(typeof(ListQueue))]
[JsonSerializable(typeof(QueuePage))]
[JsonSerializable(typeof(Unqueue))]
[JsonSerializable(typeof(Unqueued))]
[JsonSerializable(typeof(Prepare))]
[JsonSerializable(typeof(Prepared))]
[JsonSerializable(typeof(OutputPiece))]
[JsonSerializable(typeof(OutputStored))]
[JsonSerializable(typeof(AttachJob))]
[JsonSerializable(typeof(OpenJob))]
[JsonSerializable(typeof(JobOpened))]
[JsonSerializable(typeof(ReadRows))]
[JsonSerializable(typeof(RowsRead))]
[JsonSerializable(typeof(ReadOutput))]
[JsonSerializable(typeof(OutputRead))]
[JsonSerializable(typeof(WatchEvents))]
[JsonSerializable(typeof(EventsHappened))]
[JsonSerializable(typeof(StopWatching))]
[JsonSerializable(typeof(AwaitJobs))]
[JsonSerializable(typeof(Enrol))]
[JsonSerializable(typeof(Enrolled))]
[JsonSerializable(typeof(Redeem))]
[JsonSerializable(typeof(Redeemed))]
[JsonSerializable(typeof(TopicsChanged))]
[JsonSerializable(typeof(BundleChanged))]
[JsonSerializable(typeof(CreateToken))]
[JsonSerializable(typeof(TokenCreated))]
[JsonSerializable(typeof(DecideClient))]
[JsonSerializable(typeof(ClientDecided))]
[JsonSerializable(typeof(ListOperators))]
[JsonSerializable(typeof(OperatorList))]
[JsonSerializable(typeof(AddOperator))]
[JsonSerializable(typeof(RevokeOperator))]
[JsonSerializable(typeof(PutBundle))]
[JsonSerializable(typeof(ListAudit))]
[JsonSerializable(typeof(AuditPage))]
[JsonSerializable(typeof(VerifyAudit))]
[JsonSerializable(typeof(AuditVerified))]
[JsonSerializable(typeof(ListEnrollments))]
[JsonSerializable(typeof(EnrollmentPage))]
[JsonSerializable(typeof(WithdrawEnrollment))]
[JsonSerializable(typeof(EnrollmentWithdrawn))]
[JsonSerializable(typeof(ListPackages))]
[JsonSerializable(typeof(PackagePage))]
[JsonSerializable(typeof(PublishPackage))]
[JsonSerializable(typeof(PackagePublished))]
[JsonSerializable(typeof(RemovePackage))]
[JsonSerializable(typeof(PackageRemoved))]
[JsonSerializable(typeof(VerifyPackages))]
[JsonSerializable(typeof(PackagesVerified))]
[JsonSerializable(typeof(ListApplications))]
[JsonSerializable(typeof(ApplicationPage))]
[JsonSerializable(typeof(ReadApplication))]
[JsonSerializable(typeof(ApplicationRead))]
[JsonSerializable(typeof(SaveApplication))]
[JsonSerializable(typeof(RemoveApplication))]
[JsonSerializable(typeof(ApplicationSaved))]
[JsonSerializable(typeof(PlanClients))]
[JsonSerializable(typeof(PlanPage))]
[JsonSerializable(typeof(ReadPlan))]
[JsonSerializable(typeof(PlanRead))]
[JsonSerializable(typeof(MakePlans))]
[JsonSerializable(typeof(PlansMade))]
[JsonSerializable(typeof(ListReports))]
[JsonSerializable(typeof(ReportPage))]
[JsonSerializable(typeof(OpenFiles))]
[JsonSerializable(typeof(FilesOpened))]
[JsonSerializable(typeof(ReadTree))]
[JsonSerializable(typeof(TreePart))]
[JsonSerializable(typeof(WriteTree))]
[JsonSerializable(typeof(TreeAccepted))]
[JsonSerializable(typeof(AskChunks))]
[JsonSerializable(typeof(ChunkRefused))]
[JsonSerializable(typeof(EndTransfer))]
[JsonSerializable(typeof(Target))]
[JsonSerializable(typeof(RolloutPlan))]
[JsonSerializable(typeof(string[]))]
internal sealed partial class WireJson : JsonSerializerContext
{
    /// <summary>The record that belongs to a kind.</summary>
    public static JsonTypeInfo? HeadOf(MessageKind kind) => kind switch
    {
        MessageKind.Refused => Default.Refused,
        MessageKind.Heartbeat => Default.Heartbeat,
        MessageKind.HeartbeatReply => Default.HeartbeatReply,
        MessageKind.Leave => Default.Leave,
        MessageKind.Register => Default.Register,
        MessageKind.Registered => Default.Registered,
        MessageKind.FactsReport => Default.FactsReport,
        MessageKind.Order => Default.Order,
        MessageKind.Accepted => Default.Accepted,
        MessageKind.CancelOrder => Default.CancelOrder,
        MessageKind.Result => Default.Result,
        MessageKind.ResultStored => Default.ResultStored,
        MessageKind.Connect => Default.Connect,
        MessageKind.Connected => Default.Connected,
        MessageKind.ListClients => Default.ListClients,
        MessageKind.ClientPage => Default.ClientPage,
        MessageKind.StartJob => Default.StartJob,
        MessageKind.JobStarted => Default.JobStarted,
        MessageKind.Row => Default.Row,
        MessageKind.RowsTaken => Default.RowsTaken,
        MessageKind.JobEnded => Default.JobEnded,
        MessageKind.ControlJob => Default.ControlJob,
        MessageKind.JobChanged => Default.JobChanged,
        MessageKind.ListJobs => Default.ListJobs,
        MessageKind.JobPage => Default.JobPage,
        MessageKind.ListQueue => Default.ListQueue,
        MessageKind.QueuePage => Default.QueuePage,
        MessageKind.Unqueue => Default.Unqueue,
        MessageKind.Unqueued => Default.Unqueued,
        MessageKind.Prepare => Default.Prepare,
        MessageKind.Prepared => Default.Prepared,
        MessageKind.OutputPiece => Default.OutputPiece,
        MessageKind.OutputStored => Default.OutputStored,
        MessageKind.AttachJob => Default.AttachJob,
        MessageKind.OpenJob => Default.OpenJob,
        MessageKind.JobOpened => Default.JobOpened,
        MessageKind.ReadRows => Default.ReadRows,
        MessageKind.RowsRead => Default.RowsRead,
        MessageKind.ReadOutput => Default.ReadOutput,
        MessageKind.OutputRead => Default.OutputRead,
        MessageKind.WatchEvents => Default.WatchEvents,
        MessageKind.EventsHappened => Default.EventsHappened,
        MessageKind.StopWatching => Default.StopWatching,
        MessageKind.AwaitJobs => Default.AwaitJobs,
        MessageKind.Enrol => Default.Enrol,
        MessageKind.Enrolled => Default.Enrolled,
        MessageKind.Redeem => Default.Redeem,
        MessageKind.Redeemed => Default.Redeemed,
        MessageKind.TopicsChanged => Default.TopicsChanged,
        MessageKind.BundleChanged => Default.BundleChanged,
        MessageKind.CreateToken => Default.CreateToken,
        MessageKind.TokenCreated => Default.TokenCreated,
        MessageKind.DecideClient => Default.DecideClient,
        MessageKind.ClientDecided => Default.ClientDecided,
        MessageKind.ListOperators => Default.ListOperators,
        MessageKind.OperatorList => Default.OperatorList,
        MessageKind.AddOperator => Default.AddOperator,
        MessageKind.RevokeOperator => Default.RevokeOperator,
        MessageKind.PutBundle => Default.PutBundle,
        MessageKind.ListAudit => Default.ListAudit,
        MessageKind.AuditPage => Default.AuditPage,
        MessageKind.VerifyAudit => Default.VerifyAudit,
        MessageKind.AuditVerified => Default.AuditVerified,
        MessageKind.ListEnrollments => Default.ListEnrollments,
        MessageKind.EnrollmentPage => Default.EnrollmentPage,
        MessageKind.WithdrawEnrollment => Default.WithdrawEnrollment,
        MessageKind.EnrollmentWithdrawn => Default.EnrollmentWithdrawn,
        MessageKind.ListPackages => Default.ListPackages,
        MessageKind.PackagePage => Default.PackagePage,
        MessageKind.PublishPackage => Default.PublishPackage,
        MessageKind.PackagePublished => Default.PackagePublished,
        MessageKind.RemovePackage => Default.RemovePackage,
        MessageKind.PackageRemoved => Default.PackageRemoved,
        MessageKind.VerifyPackages => Default.VerifyPackages,
        MessageKind.PackagesVerified => Default.PackagesVerified,
        MessageKind.ListApplications => Default.ListApplications,
        MessageKind.ApplicationPage => Default.ApplicationPage,
        MessageKind.ReadApplication => Default.ReadApplication,
        MessageKind.ApplicationRead => Default.ApplicationRead,
        MessageKind.SaveApplication => Default.SaveApplication,
        MessageKind.RemoveApplication => Default.RemoveApplication,
        MessageKind.ApplicationSaved => Default.ApplicationSaved,
        MessageKind.PlanClients => Default.PlanClients,
        MessageKind.PlanPage => Default.PlanPage,
        MessageKind.ReadPlan => Default.ReadPlan,
        MessageKind.PlanRead => Default.PlanRead,
        MessageKind.MakePlans => Default.MakePlans,
        MessageKind.PlansMade => Default.PlansMade,
        MessageKind.ListReports => Default.ListReports,
        MessageKind.ReportPage => Default.ReportPage,
        MessageKind.OpenFiles => Default.OpenFiles,
        MessageKind.FilesOpened => Default.FilesOpened,
        MessageKind.ReadTree => Default.ReadTree,
        MessageKind.TreePart => Default.TreePart,
        MessageKind.WriteTree => Default.WriteTree,
        MessageKind.TreeAccepted => Default.TreeAccepted,
        MessageKind.AskChunks => Default.AskChunks,
        MessageKind.ChunkRefused => Default.ChunkRefused,
        MessageKind.EndTransfer => Default.EndTransfer,
        _ => null,
    };

    /// <summary>Whether a list has null among its elements: the serializer refuses null for a property, and lets it pass there.</summary>
    /// <exception cref="JsonException">The bytes are no JSON.</exception>
    public static bool HasNullInList(ReadOnlySpan<byte> bytes)
    {
        var reader = new Utf8JsonReader(bytes);
        JsonTokenType before = JsonTokenType.None;
        while (reader.Read())
        {
            if (reader.TokenType == JsonTokenType.Null && before != JsonTokenType.PropertyName)
                return true;
            before = reader.TokenType;
        }

        return false;
    }
}
