using System.Runtime.CompilerServices;
using Pantry.Protocol;

namespace Pantry.Operators;

/// <summary>The enrolments and tokens of a server elsewhere.</summary>
internal sealed partial class RemoteFleet
{
    public async IAsyncEnumerable<EnrollmentInfo> FindEnrollmentsAsync(EnrollmentFilter filter, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach (EnrollmentPage page in _requests.PagesAsync<EnrollmentPage>(
            MessageKind.ListEnrollments, new ListEnrollments(filter), page => page.Last, cancellation).ConfigureAwait(false))
        {
            foreach (EnrollmentInfo enrollment in page.Enrollments)
                yield return enrollment;
        }
    }

    public async Task<EnrollmentInfo> WithdrawEnrollmentAsync(string id, CancellationToken cancellation) =>
        (await _requests.AskAsync<EnrollmentWithdrawn>(MessageKind.WithdrawEnrollment, new WithdrawEnrollment(id), cancellation).ConfigureAwait(false)).Enrollment;
}
