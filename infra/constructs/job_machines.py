"""Machines that exist only while a distillation job runs."""

from __future__ import annotations

from aws_cdk import Duration, RemovalPolicy, Size
from aws_cdk import aws_batch as batch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.acknowledge import acknowledge
from infra.config import Deployment
from infra.constructs.job_image import JobImage

__all__ = ["JobMachines"]

HOURS = 12
SCRATCH_GB = 100


class JobMachines(Construct):
    """A queue of spot machines (Fargate) in a network of its own, which nothing can reach, and the job's definition.

    The job is never started again by the queue: what to do with an exit code is the state machine's business.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, deployment: Deployment, image: JobImage, role: iam.Role
    ) -> None:
        super().__init__(scope, construct_id)
        config = deployment.config
        log = logs.LogGroup(self, "Logs", retention=config.log_retention, removal_policy=RemovalPolicy.RETAIN)
        network = self._network(deployment)
        machines = batch.FargateComputeEnvironment(
            self,
            "Machines",
            vpc=network,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC),
            security_groups=[ec2.SecurityGroup(self, "Nobody", vpc=network, description="Nothing may come in")],
            spot=True,
            maxv_cpus=2 * config.job_vcpus,
        )
        self.queue = batch.JobQueue(
            self, "Queue", compute_environments=[batch.OrderedComputeEnvironment(compute_environment=machines, order=1)]
        )
        self.definition = batch.EcsJobDefinition(
            self,
            "Job",
            timeout=Duration.hours(HOURS),
            retry_attempts=1,
            propagate_tags=True,
            container=batch.EcsFargateContainerDefinition(
                self,
                "Container",
                image=ecs.ContainerImage.from_ecr_repository(image.repository, image.tag),
                cpu=config.job_vcpus,
                memory=Size.gibibytes(config.job_gb),
                ephemeral_storage_size=Size.gibibytes(SCRATCH_GB),
                assign_public_ip=True,
                fargate_cpu_architecture=ecs.CpuArchitecture.X86_64,
                job_role=role,
                logging=ecs.LogDriver.aws_logs(stream_prefix="job", log_group=log),
            ),
        )

        acknowledge(self, "IAM5[Resource::*]", "The registry gives a token to log in with for all or for nothing.")

    def _network(self, deployment: Deployment) -> ec2.Vpc:
        flows = logs.LogGroup(
            self, "Flows", retention=deployment.config.log_retention, removal_policy=RemovalPolicy.RETAIN
        )
        return ec2.Vpc(
            self,
            "Network",
            max_azs=2,
            nat_gateways=0,
            subnet_configuration=[
                ec2.SubnetConfiguration(name="jobs", subnet_type=ec2.SubnetType.PUBLIC, map_public_ip_on_launch=False)
            ],
            gateway_endpoints={"s3": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.S3)},
            flow_logs={"all": ec2.FlowLogOptions(destination=ec2.FlowLogDestination.to_cloud_watch_logs(flows))},
        )
