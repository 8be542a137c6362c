using System.Management.Automation;

namespace Pantry.PowerShell;

/// <summary>The one place where Pantry's errors become PowerShell's.</summary>
internal static class ErrorMap
{
    public static ErrorRecord ToRecord(Exception exception, object? target = null) => exception switch
    {
        PantryException error => new ErrorRecord(error, error.Code.ToString(), Category(error.Code), target ?? error.Target),
        AggregateException { InnerException: { } inner } => ToRecord(inner, target),
        _ => Unexpected(exception, target),
    };

    /// <summary>The error of a row that did not succeed; its target is the row.</summary>
    public static ErrorRecord ToRecord(CommandResult row)
    {
        string code = row.Error?.Code ?? row.Status.ToString();
        string message = DisplayText.Clean($"{DisplayText.Clean(row.Client, 80)}: {row.Status}. {row.Error?.Message ?? "The client gave no reason."}");
        return new ErrorRecord(new PantryException(PantryErrorCode.Refused, message) { Target = row.Client }, code, Category(row.Status), row);
    }

    /// <summary>The error of a check that failed; its target is the check.</summary>
    public static ErrorRecord ToRecord(AuditLogCheck broken) => ToRecord(
        new PantryException(PantryErrorCode.AuditLogBroken, $"The audit log is broken. {DisplayText.Clean(broken.Problem, 500)} Keep a copy of the server's directory and find out who could change it."),
        broken);

    /// <summary>The error of a store of packages that is not whole; its target is the check.</summary>
    public static ErrorRecord ToRecord(PackageStoreCheck broken) => ToRecord(
        new PantryException(PantryErrorCode.ContentDamaged,
            $"The store of packages is damaged: {broken.Problems.Count:N0} problems, the first in {DisplayText.Clean(broken.Problems.Count > 0 ? broken.Problems[0].ToString() : "?", 500)} "
            + "Publish the packages that are named again from their files, and look at the disk."),
        broken);

    /// <summary>The error of a plan that could not be made; its target is the plan.</summary>
    public static ErrorRecord ToRecord(PantryPlan plan, CommandError error) => new(
        new PantryException(PantryErrorCode.Refused, DisplayText.Clean($"{plan.Client}: {error.Message}")) { Target = plan.Client }, error.Code, ErrorCategory.InvalidOperation, plan);

    public static ErrorCategory Category(CommandStatus status) => status switch
    {
        CommandStatus.Unknown => ErrorCategory.ObjectNotFound,
        CommandStatus.TimedOut or CommandStatus.Expired => ErrorCategory.OperationTimeout,
        CommandStatus.Offline or CommandStatus.Lost => ErrorCategory.ConnectionError,
        CommandStatus.Denied => ErrorCategory.PermissionDenied,
        CommandStatus.Cancelled => ErrorCategory.OperationStopped,
        _ => ErrorCategory.NotSpecified,
    };

    private static ErrorCategory Category(PantryErrorCode code) => code switch
    {
        PantryErrorCode.InvalidArgument or PantryErrorCode.InvalidName or PantryErrorCode.InvalidKey or PantryErrorCode.InvalidAddress or PantryErrorCode.NoTarget => ErrorCategory.InvalidArgument,
        PantryErrorCode.InvalidConfiguration or PantryErrorCode.InvalidEnrollment or PantryErrorCode.InvalidTree or PantryErrorCode.ContentDamaged => ErrorCategory.InvalidData,
        PantryErrorCode.FileChanged => ErrorCategory.ResourceBusy,
        PantryErrorCode.InsecureFile or PantryErrorCode.Refused or PantryErrorCode.InvalidSignature or PantryErrorCode.AuditLogBroken => ErrorCategory.SecurityError,
        PantryErrorCode.KeyUnknown or PantryErrorCode.KeyDenied or PantryErrorCode.KeyRevoked or PantryErrorCode.ServerKeyMismatch => ErrorCategory.AuthenticationError,
        PantryErrorCode.OutOfScope or PantryErrorCode.RootKeyOffline => ErrorCategory.PermissionDenied,
        PantryErrorCode.ClockSkew or PantryErrorCode.JobEnded or PantryErrorCode.PackageConflict or PantryErrorCode.PackageInUse or PantryErrorCode.ApplicationChanged => ErrorCategory.InvalidOperation,
        PantryErrorCode.StorageFailed => ErrorCategory.WriteError,
        PantryErrorCode.PortInUse or PantryErrorCode.RootInUse or PantryErrorCode.IdentityInUse
            or PantryErrorCode.PackageExists or PantryErrorCode.ApplicationExists => ErrorCategory.ResourceExists,
        PantryErrorCode.ServerUnreachable or PantryErrorCode.ConnectionLost or PantryErrorCode.NotConnected => ErrorCategory.ConnectionError,
        PantryErrorCode.NotAPantryServer or PantryErrorCode.ProtocolVersionMismatch => ErrorCategory.ProtocolError,
        PantryErrorCode.TimedOut => ErrorCategory.OperationTimeout,
        PantryErrorCode.NoMatchingClient or PantryErrorCode.NoMatchingOperator or PantryErrorCode.NoMatchingEnrollment or PantryErrorCode.NoMatchingJob
            or PantryErrorCode.NoMatchingFile or PantryErrorCode.NoMatchingPackage or PantryErrorCode.NoMatchingApplication => ErrorCategory.ObjectNotFound,
        PantryErrorCode.MessageTooLarge or PantryErrorCode.LimitReached => ErrorCategory.LimitsExceeded,
        PantryErrorCode.Stopped => ErrorCategory.ResourceUnavailable,
        PantryErrorCode.NotOffered => ErrorCategory.NotImplemented,
        _ => ErrorCategory.NotSpecified,
    };

    private static ErrorRecord Unexpected(Exception exception, object? target)
    {
        var error = new PantryException(
            PantryErrorCode.InternalError, $"An error inside Pantry: {exception.GetType().Name}: {exception.Message}", exception);
        return new ErrorRecord(error, error.Code.ToString(), ErrorCategory.NotSpecified, target);
    }
}
