using Pantry.Protocol;

namespace Pantry.Operators;

/// <summary>The enrolments and tokens of a server elsewhere.</summary>
internal sealed partial class RemoteFleet
{
    public IAsyncEnumerable<EnrollmentInfo> FindEnrollmentsAsync(EnrollmentFilter filter, CancellationToken cancellation) =>
        _requests.ListAsync<EnrollmentPage, EnrollmentInfo>(MessageKind.ListEnrollments, new ListEnrollments(filter), page => (page.Enrollments, page.Last), cancellation);

    public async Task<EnrollmentInfo> WithdrawEnrollmentAsync(string id, CancellationToken cancellation) =>
        (await _requests.AskAsync<EnrollmentWithdrawn>(MessageKind.WithdrawEnrollment, new WithdrawEnrollment(id), cancellation).ConfigureAwait(false)).Enrollment;
}
