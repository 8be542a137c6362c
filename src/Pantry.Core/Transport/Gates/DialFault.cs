namespace Pantry.Transport.Gates;

/// <summary>Carries a fault out of the steps of dialling.</summary>
internal sealed class DialFault(GateFault fault, Exception? innerException = null) : Exception(fault.Message, innerException)
{
    public GateFault Fault { get; } = fault;
}
