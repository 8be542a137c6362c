namespace Pantry.Security;

/// <summary>Why an order is not carried out.</summary>
internal enum OrderFault
{
    /// <summary>It is carried out.</summary>
    None,

    /// <summary>The bytes are no order, or one that no operator's Pantry makes.</summary>
    Malformed,

    /// <summary>No operator of the bundle has the name.</summary>
    UnknownOperator,

    /// <summary>The signature is not the operator's over these bytes.</summary>
    BadSignature,

    /// <summary>The operator's time is over.</summary>
    OperatorExpired,

    /// <summary>It is of another fleet.</summary>
    WrongFleet,

    /// <summary>It came too late.</summary>
    OrderExpired,

    /// <summary>It was given in the future.</summary>
    ClockSkew,

    /// <summary>It is meant for other clients.</summary>
    NotMeantForUs,

    /// <summary>The operator may not do this here.</summary>
    OutOfScope,

    /// <summary>Arguments or secrets are not those that were signed.</summary>
    ArgumentsChanged,
}

/// <summary>Whether an order is to be carried out; if not, why, and what to do about it.</summary>
/// <param name="Fault">Why not; <see cref="OrderFault.None"/> where it is.</param>
/// <param name="Message">What is wrong, and the cure.</param>
/// <param name="Statement">The order, once its signature stands.</param>
/// <param name="Operator">Who signed it.</param>
internal sealed record OrderVerdict(OrderFault Fault, string Message, OrderStatement? Statement, OperatorEntry? Operator)
{
    [System.Diagnostics.CodeAnalysis.MemberNotNullWhen(true, nameof(Statement))]
    public bool Stands => Fault == OrderFault.None && Statement is not null;

    /// <summary>The fault's name, as results and the audit log show it.</summary>
    public string Code => Fault.ToString();

    public static OrderVerdict Good(OrderStatement statement, OperatorEntry? by = null) => new(OrderFault.None, "", statement, by);

    public static OrderVerdict Refused(OrderFault fault, string message, OrderStatement? statement = null, OperatorEntry? by = null) =>
        new(fault, message, statement, by);
}
