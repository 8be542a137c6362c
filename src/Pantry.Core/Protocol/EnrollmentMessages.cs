using System.Text.Json.Serialization;

namespace Pantry.Protocol;

/// <summary>Which enrolments and tokens are there?</summary>
internal sealed record ListEnrollments(EnrollmentFilter Filter);

/// <summary>Enrolments and tokens; more pages follow until <paramref name="Last"/>.</summary>
internal sealed record EnrollmentPage(IReadOnlyList<EnrollmentInfo> Enrollments, bool Last);

/// <summary>Take the open enrolment or token of that id back.</summary>
internal sealed record WithdrawEnrollment(string Id);

/// <summary>The enrolment or token as it is now.</summary>
internal sealed record EnrollmentWithdrawn(EnrollmentInfo Enrollment);

/// <summary>Which enrolments and tokens to list: all conditions must hold; ids know <c>*</c>, <c>?</c> and <c>[a-z]</c>.</summary>
internal sealed record EnrollmentFilter
{
    [JsonRequired]
    public IReadOnlyList<string> Ids { get; init; } = [];

    public EnrollmentKind? Kind { get; init; }

    /// <summary>Those too that are used, over or withdrawn.</summary>
    public bool All { get; init; }
}
